"""Notices, with inotify, when a textfile is renamed to its name."""

import ctypes
import os
import select
import struct
import time

IN_MOVED_TO = 0x80  # sys/inotify.h
EVENT = struct.Struct("iIII")  # struct inotify_event: wd, mask, cookie, len

_libc = ctypes.CDLL(None, use_errno=True)


class Arrivals:
    """Counts files of one name that are renamed into a directory after this object is created."""

    def __init__(self, directory, name):
        self._name = name.encode()
        self._descriptor = _libc.inotify_init1(os.O_CLOEXEC)
        if self._descriptor < 0 or _libc.inotify_add_watch(self._descriptor, directory.encode(), IN_MOVED_TO) < 0:
            raise OSError(ctypes.get_errno(), "inotify", directory)

    def wait(self, count, seconds):
        """Wait for a number of files; return whether they came in time."""
        deadline = time.monotonic() + seconds
        while count > 0:
            ready, _, _ = select.select([self._descriptor], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return False
            count -= self._read()
        return True

    def discard(self):
        """Discard the files that have come so far."""
        while select.select([self._descriptor], [], [], 0)[0]:
            self._read()

    def _read(self):
        events, at, count = os.read(self._descriptor, 65536), 0, 0
        while at < len(events):
            *_, length = EVENT.unpack_from(events, at)
            at += EVENT.size
            count += events[at:at + length].rstrip(b"\0") == self._name
            at += length
        return count

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._descriptor)
