using Microsoft.Win32.SafeHandles;

namespace Netlink.Interop;

/// <summary>An open file descriptor of this process, closed when it is disposed.</summary>
internal sealed class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    /// <param name="number">The result of open(2) or socket(2); -1 for a failure.</param>
    internal FileDescriptor(int number)
        : base(ownsHandle: true) => SetHandle(number);

    /// <summary>The number, for a path under /proc/self/fd.</summary>
    internal int Number => (int)handle;

    /// <summary>Passes the number to another owner, which closes it.</summary>
    internal int Release()
    {
        int number = Number;
        SetHandleAsInvalid();
        return number;
    }

    protected override bool ReleaseHandle() => LibC.close((int)handle) == 0;
}

/// <summary>An open directory, opendir(3), closed when it is disposed.</summary>
internal sealed class DirectoryStream : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <param name="stream">The result of opendir; 0 for a failure.</param>
    internal DirectoryStream(nint stream)
        : base(ownsHandle: true) => SetHandle(stream);

    protected override bool ReleaseHandle() => LibC.closedir(handle) == 0;
}
