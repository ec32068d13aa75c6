using Microsoft.Win32.SafeHandles;

namespace Netlink.Interop;

/// <summary>An open file descriptor of this process, closed when it is disposed.</summary>
internal sealed class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    public FileDescriptor()
        : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle() => LibC.close((int)handle) == 0;
}
