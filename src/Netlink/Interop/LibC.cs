using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;
using Tmds.Linux;
using Package = Tmds.Linux.LibC;

[assembly: DisableRuntimeMarshalling]

namespace Netlink.Interop;

/// <summary>
/// Every function of the C library that this project calls, under its C name: those of Tmds.LibC with spans and safe handles instead of pointers and
/// numbers, and those that Tmds.LibC lacks. If the C function returns -1, the result is the negative errno, like that of a system call. The errno is
/// read before any other call can change it.
/// </summary>
internal static unsafe partial class LibC
{
    // The published program links to it under this name and under that of Tmds.LibC, libc.so.6: DirectPInvoke in src/Agent.
    private const string Library = "libc";

    // Longer paths need memory on the heap.
    private const int StackPathBytes = 256;

    // int socket(int domain, int type, int protocol);
    internal static FileDescriptor socket(int domain, int type, int protocol, out int errno) =>
        Opened(Package.socket(domain, type, protocol), out errno);

    // int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen);
    internal static int bind(FileDescriptor sockfd, in sockaddr_nl addr)
    {
        using Use descriptor = new(sockfd);
        fixed (sockaddr_nl* address = &addr)
        {
            return Result(Package.bind(descriptor.Number, (sockaddr*)address, sizeof(sockaddr_nl)));
        }
    }

    // int getsockname(int sockfd, struct sockaddr *addr, socklen_t *addrlen);
    internal static int getsockname(FileDescriptor sockfd, out sockaddr_nl addr)
    {
        using Use descriptor = new(sockfd);
        socklen_t length = sizeof(sockaddr_nl);
        fixed (sockaddr_nl* address = &addr)
        {
            return Result(Package.getsockname(descriptor.Number, (sockaddr*)address, &length));
        }
    }

    // int getsockname(int sockfd, struct sockaddr *addr, socklen_t *addrlen);
    /// <param name="sockfd">A socket of any family.</param>
    /// <param name="addr">Receives the address, or as much of it as fits.</param>
    /// <returns>The length of the whole address, or the negative errno.</returns>
    internal static int getsockname(FileDescriptor sockfd, Span<byte> addr)
    {
        using Use descriptor = new(sockfd);
        socklen_t length = addr.Length;
        fixed (byte* address = addr)
        {
            int result = Result(Package.getsockname(descriptor.Number, (sockaddr*)address, &length));
            return result < 0 ? result : (int)length;
        }
    }

    // int getsockopt(int sockfd, int level, int optname, void *optval, socklen_t *optlen);
    /// <returns>The length of the value, or the negative errno.</returns>
    internal static int getsockopt(FileDescriptor sockfd, int level, int optname, Span<byte> optval)
    {
        using Use descriptor = new(sockfd);
        socklen_t length = optval.Length;
        fixed (byte* value = optval)
        {
            int result = Result(Package.getsockopt(descriptor.Number, level, optname, value, &length));
            return result < 0 ? result : (int)length;
        }
    }

    // int setsockopt(int sockfd, int level, int optname, const void *optval, socklen_t optlen);
    internal static int setsockopt<T>(FileDescriptor sockfd, int level, int optname, T optval)
        where T : unmanaged
    {
        using Use descriptor = new(sockfd);
        return Result(Package.setsockopt(descriptor.Number, level, optname, &optval, sizeof(T)));
    }

    // ssize_t sendto(int sockfd, const void *buf, size_t len, int flags, const struct sockaddr *dest_addr, socklen_t addrlen);
    internal static int sendto(FileDescriptor sockfd, ReadOnlySpan<byte> buf, int flags, in sockaddr_nl dest_addr)
    {
        using Use descriptor = new(sockfd);
        fixed (byte* bytes = buf)
        fixed (sockaddr_nl* address = &dest_addr)
        {
            return Result((int)Package.sendto(descriptor.Number, bytes, buf.Length, flags, (sockaddr*)address, sizeof(sockaddr_nl)));
        }
    }

    // ssize_t recvfrom(int sockfd, void *buf, size_t len, int flags, struct sockaddr *src_addr, socklen_t *addrlen);
    internal static int recvfrom(FileDescriptor sockfd, Span<byte> buf, int flags, out sockaddr_nl src_addr)
    {
        using Use descriptor = new(sockfd);
        socklen_t length = sizeof(sockaddr_nl);
        fixed (byte* bytes = buf)
        fixed (sockaddr_nl* address = &src_addr)
        {
            return Result((int)Package.recvfrom(descriptor.Number, bytes, buf.Length, flags, (sockaddr*)address, &length));
        }
    }

    // int open(const char *pathname, int flags, mode_t mode);
    internal static FileDescriptor open(string pathname, int flags, ushort mode, out int errno)
    {
        using Path path = new(pathname, stackalloc byte[StackPathBytes]);
        return Opened(Package.open(path.Bytes, flags, mode), out errno);
    }

    // int statx(int dirfd, const char *pathname, int flags, unsigned int mask, struct statx *statxbuf);
    internal static int statx(string pathname, int flags, uint mask, out statx statxbuf)
    {
        using Path path = new(pathname, stackalloc byte[StackPathBytes]);
        fixed (statx* status = &statxbuf)
        {
            return Result(Package.statx(Package.AT_FDCWD, path.Bytes, flags, mask, status));
        }
    }

    // int statx(int dirfd, const char *pathname, int flags, unsigned int mask, struct statx *statxbuf);
    internal static int statx(FileDescriptor fd, uint mask, out statx statxbuf)
    {
        using Use descriptor = new(fd);
        fixed (byte* empty = "\0"u8)
        fixed (statx* status = &statxbuf)
        {
            return Result(Package.statx(descriptor.Number, empty, Package.AT_EMPTY_PATH, mask, status));
        }
    }

    // int statx(int dirfd, const char *pathname, int flags, unsigned int mask, struct statx *statxbuf);
    internal static int statx(int fd, uint mask, out statx statxbuf)
    {
        fixed (byte* empty = "\0"u8)
        fixed (statx* status = &statxbuf)
        {
            return Result(Package.statx(fd, empty, Package.AT_EMPTY_PATH, mask, status));
        }
    }

    // ssize_t readlink(const char *pathname, char *buf, size_t bufsiz);
    internal static int readlink(string pathname, Span<byte> buf)
    {
        using Path path = new(pathname, stackalloc byte[StackPathBytes]);
        fixed (byte* bytes = buf)
        {
            return Result((int)Package.readlink(path.Bytes, bytes, buf.Length));
        }
    }

    // ssize_t readlinkat(int dirfd, const char *pathname, char *buf, size_t bufsiz);
    /// <param name="dirp">The directory.</param>
    /// <param name="pathname">A result of readdir, which is zero-terminated.</param>
    /// <param name="buf">Receives the link, or as much of it as fits.</param>
    internal static int readlinkat(DirectoryStream dirp, ReadOnlySpan<byte> pathname, Span<byte> buf)
    {
        fixed (byte* path = pathname)
        fixed (byte* bytes = buf)
        {
            return Result((int)Package.readlinkat(dirfd(dirp.DangerousGetHandle()), path, bytes, buf.Length));
        }
    }

    // ssize_t getxattr(const char *path, const char *name, void *value, size_t size);
    internal static int getxattr(string path, ReadOnlySpan<byte> name, Span<byte> value)
    {
        using Path file = new(path, stackalloc byte[StackPathBytes]);
        fixed (byte* attribute = name)
        fixed (byte* bytes = value)
        {
            return Result((int)getxattr(file.Bytes, attribute, bytes, value.Length));
        }
    }

    // int pidfd_open(pid_t pid, unsigned int flags);
    // By its number: the C library has a function for it only since glibc 2.36.
    internal static FileDescriptor pidfd_open(int pid, uint flags, out int errno) =>
        Opened((int)Package.syscall(syscall_h.SYS_pidfd_open, pid, flags), out errno);

    // int pidfd_getfd(int pidfd, int targetfd, unsigned int flags);
    internal static FileDescriptor pidfd_getfd(FileDescriptor pidfd, int targetfd, uint flags, out int errno)
    {
        using Use descriptor = new(pidfd);
        return Opened((int)Package.syscall(syscall_h.SYS_pidfd_getfd, descriptor.Number, targetfd, flags), out errno);
    }

    // int setns(int fd, int nstype);
    internal static int setns(FileDescriptor fd, int nstype)
    {
        using Use descriptor = new(fd);
        return Result(Package.setns(descriptor.Number, nstype));
    }

    // uid_t geteuid(void);
    internal static uint geteuid() => Package.geteuid();

    // gid_t getegid(void);
    internal static uint getegid() => Package.getegid();

    // int close(int fd);
    internal static int close(int fd) => Result(Package.close(fd));

    // ssize_t write(int fd, const void *buf, size_t count);
    internal static int write(int fd, ReadOnlySpan<byte> buf)
    {
        fixed (byte* bytes = buf)
        {
            return Result((int)Package.write(fd, bytes, buf.Length));
        }
    }

    // int poll(struct pollfd *fds, nfds_t nfds, int timeout);
    internal static int poll(int fd, int events, int timeout)
    {
        pollfd polled = new() { fd = fd, events = (short)events };
        return Result(Package.poll(&polled, 1, timeout));
    }

    // int fcntl(int fd, int cmd, ... /* arg */ );
    internal static int fcntl(int fd, int cmd) => Result(Package.fcntl(fd, cmd));

    // int dup2(int oldfd, int newfd);
    internal static int dup2(FileDescriptor oldfd, int newfd)
    {
        using Use descriptor = new(oldfd);
        return Result(Package.dup2(descriptor.Number, newfd));
    }

    // int execve(const char *pathname, char *const argv[], char *const envp[]);
    /// <param name="pathname">The program.</param>
    /// <param name="argv">The zero-terminated arguments, as in /proc/self/cmdline.</param>
    /// <param name="envp">The zero-terminated variables, as in /proc/self/environ.</param>
    /// <returns>The negative errno. It returns only if it fails.</returns>
    internal static int execve(string pathname, ReadOnlySpan<byte> argv, ReadOnlySpan<byte> envp)
    {
        using Path path = new(pathname, stackalloc byte[StackPathBytes]);
        fixed (byte* arguments = argv)
        fixed (byte* variables = envp)
        fixed (byte** argumentList = ToPointers(arguments, argv))
        fixed (byte** variableList = ToPointers(variables, envp))
        {
            return Result(Package.execve(path.Bytes, argumentList, variableList));
        }
    }

    // int sigignore(int sig);
    internal static int sigignore(int sig) => Result(Package.sigignore(sig));

    // int flock(int fd, int operation);
    internal static int flock(FileDescriptor fd, int operation)
    {
        using Use descriptor = new(fd);
        return Result(flock(descriptor.Number, operation));
    }

    // DIR *opendir(const char *name);
    internal static DirectoryStream opendir(string name, out int errno)
    {
        using Path path = new(name, stackalloc byte[StackPathBytes]);
        nint opened = opendir(path.Bytes);
        errno = opened == 0 ? Package.errno : 0;
        return new DirectoryStream(opened);
    }

    // struct dirent *readdir(DIR *dirp);
    /// <returns>The next name, valid until the next call; empty at the end.</returns>
    internal static ReadOnlySpan<byte> readdir(DirectoryStream dirp)
    {
        dirent* entry = readdir(dirp.DangerousGetHandle());
        return entry is null ? [] : MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)&entry->d_name);
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int flock(int fd, int operation);

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint opendir(byte* name);

    [LibraryImport(Library)]
    private static partial int dirfd(nint dirp);

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint getxattr(byte* path, byte* name, byte* value, nint size);

    [LibraryImport(Library)]
    private static partial dirent* readdir(nint dirp);

    [LibraryImport(Library)]
    internal static partial int closedir(nint dirp);

    private static int Result(int returned) => returned < 0 ? -Package.errno : returned;

    private static FileDescriptor Opened(int descriptor, out int errno)
    {
        errno = descriptor < 0 ? Package.errno : 0;
        return new FileDescriptor(descriptor);
    }

    /// <returns>Pointers to the zero-terminated texts, and a null pointer at the end.</returns>
    private static byte*[] ToPointers(byte* first, ReadOnlySpan<byte> texts)
    {
        byte*[] pointers = new byte*[texts.Count((byte)0) + 1];
        int begin = 0;
        for (int i = 0; i < pointers.Length - 1; i++)
        {
            pointers[i] = first + begin;
            begin += texts[begin..].IndexOf((byte)0) + 1;
        }

        return pointers;
    }

    /// <summary>Keeps a descriptor open during a call that uses its number.</summary>
    private readonly ref struct Use : IDisposable
    {
        private readonly FileDescriptor _descriptor;
        private readonly bool _isCounted;

        internal Use(FileDescriptor descriptor)
        {
            _descriptor = descriptor;
            descriptor.DangerousAddRef(ref _isCounted);
        }

        internal int Number => (int)_descriptor.DangerousGetHandle();

        public void Dispose()
        {
            if (_isCounted)
            {
                _descriptor.DangerousRelease();
            }
        }
    }

    /// <summary>A path as a C string: UTF-8, zero-terminated.</summary>
    private ref struct Path : IDisposable
    {
        private Utf8StringMarshaller.ManagedToUnmanagedIn _text;

        internal Path(string path, Span<byte> buffer)
        {
            _text = new Utf8StringMarshaller.ManagedToUnmanagedIn();
            _text.FromManaged(path, buffer);
        }

        internal byte* Bytes => _text.ToUnmanaged();

        public void Dispose() => _text.Free();
    }
}
