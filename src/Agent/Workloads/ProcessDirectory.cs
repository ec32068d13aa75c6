using System.Globalization;
using System.IO.Enumeration;
using System.Text;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Agent.Workloads;

/// <summary>
/// The directory of a process in /proc, proc_pid(5). The process may end at any moment; then there is nothing to read. A missing permission is
/// reported.
/// </summary>
internal sealed class ProcessDirectory
{
    // The kernel builds a link in one page, so none is longer (do_proc_readlink, fs/proc/base.c).
    private const int LongestLink = 4096;

    // .NET would skip hidden files, and ignore a directory that it may not list.
    private static readonly EnumerationOptions ListEverything = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };

    private readonly int _id;
    private readonly string _path;

    private ProcessDirectory(string proc, int id)
    {
        _id = id;
        _path = $"{proc}/{id}";
    }

    /// <summary>Lists all processes.</summary>
    /// <param name="proc">The mount point of procfs.</param>
    /// <exception cref="IOException">There is no procfs.</exception>
    /// <exception cref="UnauthorizedAccessException">The agent may not list it.</exception>
    internal static IEnumerable<ProcessDirectory> All(string proc) => Numbers(proc).Select(id => new ProcessDirectory(proc, id));

    /// <summary>Finds out which of the sockets the process has open.</summary>
    /// <param name="inodes">The inodes of the sockets.</param>
    /// <param name="found">The method adds the inodes that the process has open.</param>
    /// <returns>False if the agent may not read all descriptors of the process.</returns>
    internal bool TryFindSockets(IReadOnlySet<uint> inodes, ISet<uint> found)
    {
        if (Descriptors.List($"{_path}/fd", out int errno) is not { } descriptors)
        {
            // Without EACCES or EPERM the process has ended.
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

            if (length > 0 && Descriptors.SocketInode(link[..length]) is { } inode && inodes.Contains(inode))
            {
                found.Add(inode);
            }
        }

        return true;
    }

    /// <summary>Reads the name and the workload of the process.</summary>
    internal LocalProcess Describe()
    {
        ReadOnlySpan<byte> comm = ReadFile("comm").AsSpan().TrimEnd((byte)'\n');
        string? command = comm.IsEmpty ? null : ProcessNames.Command(comm, ReadProgram());
        return new LocalProcess(_id, command, ControlGroups.Parse(Encoding.UTF8.GetString(ReadFile("cgroup"))));
    }

    private static FileSystemEnumerable<int> Numbers(string directory) =>
        new(directory, (ref FileSystemEntry entry) => ParseNumber(entry.FileName), ListEverything)
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
