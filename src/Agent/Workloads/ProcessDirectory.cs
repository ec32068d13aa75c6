using System.Globalization;
using System.IO.Enumeration;
using System.Text;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Agent.Workloads;

/// <summary>
/// One process as /proc shows it, proc_pid(5). It may end at any moment: what is gone is empty. What may not be looked at is told.
/// </summary>
internal sealed class ProcessDirectory
{
    // No link is longer: it is made in one page (do_proc_readlink, fs/proc/base.c).
    private const int LongestLink = 4096;

    // Nothing is skipped by its attributes, and what may not be listed is told.
    private static readonly EnumerationOptions Unasked = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };

    private readonly int _id;
    private readonly string _path;

    private ProcessDirectory(string proc, int id)
    {
        _id = id;
        _path = $"{proc}/{id}";
    }

    /// <summary>The processes that there are.</summary>
    /// <param name="proc">Where procfs is mounted.</param>
    /// <exception cref="IOException">It is not there.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be listed.</exception>
    internal static IEnumerable<ProcessDirectory> All(string proc) => Numbers(proc).Select(id => new ProcessDirectory(proc, id));

    /// <summary>Looks which of these sockets the process has open.</summary>
    /// <param name="inodes">The sockets, by inode.</param>
    /// <param name="found">Those of them that it has are added.</param>
    /// <returns>False when not all of its descriptors may be looked at.</returns>
    internal bool TryFindSockets(IReadOnlySet<uint> inodes, ISet<uint> found)
    {
        if (Descriptors.In($"{_path}/fd", out int errno) is not { } descriptors)
        {
            // Else it has ended.
            return !IsForbidden(errno);
        }

        Span<byte> link = stackalloc byte[LongestLink];
        foreach (int descriptor in descriptors)
        {
            int length = LibC.readlink($"{_path}/fd/{descriptor}", link);
            if (IsForbidden(-length))
            {
                return false;
            }

            if (length > 0 && SocketLink.Inode(link[..length]) is { } inode && inodes.Contains(inode))
            {
                found.Add(inode);
            }
        }

        return true;
    }

    /// <summary>Reads what the process is called and what it is a part of.</summary>
    internal LocalProcess Describe()
    {
        ReadOnlySpan<byte> comm = ReadFile("comm").AsSpan().TrimEnd((byte)'\n');
        string? command = comm.IsEmpty ? null : ProcessNames.Command(comm, ReadProgram());
        return new LocalProcess(_id, command, ControlGroups.Parse(Encoding.UTF8.GetString(ReadFile("cgroup"))));
    }

    private static FileSystemEnumerable<int> Numbers(string directory) =>
        new(directory, (ref FileSystemEntry entry) => ParseNumber(entry.FileName), Unasked)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.FileName.ContainsAnyExceptInRange('0', '9'),
        };

    private static int ParseNumber(ReadOnlySpan<char> text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private static bool IsForbidden(int errno) => errno == EACCES || errno == EPERM;

    private string? ReadProgram()
    {
        Span<byte> link = stackalloc byte[LongestLink];
        int length = LibC.readlink($"{_path}/exe", link);
        return length > 0 ? Encoding.UTF8.GetString(link[..length]) : null;
    }

    private byte[] ReadFile(string name)
    {
        try
        {
            return File.ReadAllBytes($"{_path}/{name}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
