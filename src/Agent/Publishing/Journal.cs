using System.Globalization;
using Tmds.Linux;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Agent.Publishing;

/// <summary>
/// Finds out whether standard error is connected to systemd's journal, see JOURNAL_STREAM in systemd.exec(5). The journal adds a time to each line,
/// and reads a priority from its beginning, see sd-daemon(3).
/// </summary>
internal static class Journal
{
    private const string Variable = "JOURNAL_STREAM";
    private const int StandardErrorNumber = 2;

    /// <summary>Whether it is connected.</summary>
    internal static bool IsStandardError =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } stream
        && LibC.statx(StandardErrorNumber, STATX_INO, out statx status) == 0
        && Leads(stream, status.stx_dev_major, status.stx_dev_minor, status.stx_ino);

    /// <param name="stream">The variable: device and inode in decimal, separated by a colon.</param>
    /// <param name="major">The major number of standard error's device.</param>
    /// <param name="minor">The minor number of the same device.</param>
    /// <param name="inode">The inode of standard error.</param>
    internal static bool Leads(string stream, uint major, uint minor, ulong inode) =>
        stream.Split(':') is [{ } device, { } node]
        && ulong.TryParse(device, NumberStyles.None, CultureInfo.InvariantCulture, out ulong givenDevice)
        && ulong.TryParse(node, NumberStyles.None, CultureInfo.InvariantCulture, out ulong givenInode)
        && givenDevice == DeviceOf(major, minor)
        && givenInode == inode;

    // makedev(3)
    private static ulong DeviceOf(ulong major, ulong minor) =>
        ((major & 0xFFFFF000) << 32) | ((major & 0xFFF) << 8) | ((minor & 0xFFFFFF00) << 12) | (minor & 0xFF);
}
