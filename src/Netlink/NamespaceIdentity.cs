using Tmds.Linux;

namespace Netlink;

/// <summary>
/// What tells two namespaces apart: device and inode of the file, see namespaces(7). The inode of a namespace that an open socket keeps alive
/// is not given to another one.
/// </summary>
internal readonly record struct NamespaceIdentity(uint DeviceMajor, uint DeviceMinor, ulong Inode)
{
    internal static NamespaceIdentity From(in statx status) => new(status.stx_dev_major, status.stx_dev_minor, status.stx_ino);
}
