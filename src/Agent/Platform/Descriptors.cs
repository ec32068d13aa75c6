using System.Buffers.Text;
using System.Globalization;
using Netlink.Interop;

namespace Agent.Platform;

/// <summary>
/// The open descriptors of a process, proc_pid_fd(5). The C library lists them, because .NET would follow each link to its file, which may be on a
/// file server that hangs.
/// </summary>
internal static class Descriptors
{
    /// <summary>Lists the descriptors.</summary>
    /// <param name="directory">The directory fd of the process.</param>
    /// <param name="errno">Why the directory cannot be opened; 0 if it can.</param>
    /// <returns>The numbers of the descriptors, including the one that lists them; null if the directory cannot be opened.</returns>
    internal static IReadOnlyList<int>? List(string directory, out int errno)
    {
        using DirectoryStream opened = LibC.opendir(directory, out errno);
        if (opened.IsInvalid)
        {
            return null;
        }

        List<int> numbers = [];
        for (ReadOnlySpan<byte> name; !(name = LibC.readdir(opened)).IsEmpty;)
        {
            // This skips "." and "..".
            if (Utf8Parser.TryParse(name, out int number, out _))
            {
                numbers.Add(number);
            }
        }

        return numbers;
    }

    /// <summary>Parses the link of a descriptor. That of a socket is <c>socket:[INODE]</c>.</summary>
    /// <returns>The inode; null if the descriptor is not a socket. The link of a file is a path and starts with a slash.</returns>
    internal static uint? SocketInode(ReadOnlySpan<byte> link) =>
        link.StartsWith("socket:["u8)
        && link.EndsWith("]"u8)
        && uint.TryParse(link["socket:[".Length..^1], NumberStyles.None, CultureInfo.InvariantCulture, out uint inode)
            ? inode
            : null;
}
