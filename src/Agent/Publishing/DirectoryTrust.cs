using Netlink.Interop;
using Tmds.Linux;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Agent.Publishing;

/// <summary>
/// Finds out whether users other than root and the agent's own can replace a file in a directory: if they own it, or may write to it. The same
/// holds for each directory above, where they could put another directory in its place.
/// </summary>
internal static class DirectoryTrust
{
    private const uint Root = 0;

    /// <summary>The first danger on the path, and how to remove it.</summary>
    /// <param name="directory">An absolute path.</param>
    /// <returns>One line; null without a danger.</returns>
    internal static string? FindDanger(string directory) => FindDanger(directory, LibC.geteuid(), LibC.getegid());

    /// <param name="directory">An absolute path.</param>
    /// <param name="user">The agent's user.</param>
    /// <param name="group">The agent's group; its members are trusted.</param>
    internal static string? FindDanger(string directory, uint user, uint group) =>
        FindOnPath(directory, user, group)
        // Symbolic links lead through further directories.
        ?? (ResolvedPathOf(directory) is { } resolved && resolved != directory ? FindOnPath(resolved, user, group) : null);

    private static string? FindOnPath(string directory, uint user, uint group)
    {
        bool isAbove = false;
        for (string? path = directory; path is not null; path = Path.GetDirectoryName(path))
        {
            if (FindIn(path, isAbove, user, group) is { } danger)
            {
                return danger;
            }

            isAbove = true;
        }

        return null;
    }

    private static string? FindIn(string path, bool isAbove, uint user, uint group)
    {
        // A path that cannot be read is reported when the file is written.
        if (LibC.statx(path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, out statx status) < 0)
        {
            return null;
        }

        if (status.stx_uid != Root && status.stx_uid != user)
        {
            return $"{path} belongs to user {status.stx_uid}; give it to root or to the agent's own user, or choose another directory";
        }

        if (((mode_t)status.stx_mode & S_IFMT) == S_IFLNK && LibC.statx(path, 0, STATX_BASIC_STATS, out status) < 0)
        {
            return null;
        }

        UnixFileMode mode = (UnixFileMode)(status.stx_mode & 0xfff);
        if (isAbove && mode.HasFlag(UnixFileMode.StickyBit))
        {
            // As in /tmp: everyone may create files, but only owners may rename.
            return null;
        }

        return mode.HasFlag(UnixFileMode.OtherWrite) ? $"{path} may be written by every user; chmod o-w it"
            : mode.HasFlag(UnixFileMode.GroupWrite) && status.stx_gid != Root && status.stx_gid != group
                ? $"{path} may be written by group {status.stx_gid}; chmod g-w it"
            : null;
    }

    private static string? ResolvedPathOf(string directory)
    {
        using FileDescriptor opened = LibC.open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, out _);
        return opened.IsInvalid ? null : new FileInfo($"/proc/self/fd/{opened.Number}").LinkTarget;
    }
}
