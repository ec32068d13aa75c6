using System.Globalization;

namespace Agent.Workloads;

/// <summary>Reads where /proc/PID/fd/N leads when the descriptor is a socket: <c>socket:[INODE]</c>, see proc_pid_fd(5).</summary>
internal static class SocketLink
{
    /// <returns>The inode; null for anything else. No file can be called so here, for the path of a file begins with a slash.</returns>
    internal static uint? Inode(ReadOnlySpan<byte> link) =>
        link.StartsWith("socket:["u8)
        && link.EndsWith("]"u8)
        && uint.TryParse(link["socket:[".Length..^1], NumberStyles.None, CultureInfo.InvariantCulture, out uint inode)
            ? inode
            : null;
}
