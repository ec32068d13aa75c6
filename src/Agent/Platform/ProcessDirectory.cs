using System.Buffers.Text;
using System.Globalization;
using System.IO.Enumeration;
using System.Text;
using Netlink.Interop;
using Tmds.Linux;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Agent.Platform;

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

    private const int MostProtocolBytes = 32;

    // The agent itself has descriptors.
    private static readonly bool CanCountDescriptors = StatDescriptors($"{Procfs}/self") > 0;

    private readonly string _path;

    private ProcessDirectory(string proc, int id)
    {
        Id = id;
        _path = $"{proc}/{id}";
    }

    /// <summary>The mount point of procfs.</summary>
    internal const string Procfs = "/proc";

    /// <summary>The PID of the process in the PID namespace of this procfs.</summary>
    internal int Id { get; }

    /// <summary>Lists all processes.</summary>
    /// <param name="proc">The mount point of procfs.</param>
    /// <exception cref="IOException">There is no procfs.</exception>
    /// <exception cref="UnauthorizedAccessException">The agent may not list it.</exception>
    internal static IEnumerable<ProcessDirectory> All(string proc = Procfs) => Numbers(proc).Select(id => new ProcessDirectory(proc, id));

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

    /// <summary>Lists the sockets that the process has open.</summary>
    /// <param name="sockets">The method adds them here; a socket with two descriptors twice.</param>
    /// <param name="descriptors">How many descriptors of all kinds the process has.</param>
    /// <returns>0; or the errno that says that the agent may not list them (EACCES, EPERM), or that the process has ended.</returns>
    /// <exception cref="IOException">The agent has too many open files.</exception>
    internal int ListSockets(List<OpenSocket> sockets, out int descriptors)
    {
        descriptors = 0;
        using DirectoryStream opened = LibC.opendir($"{_path}/fd", out int errno);
        ThrowIfTooManyFiles(errno);
        if (opened.IsInvalid)
        {
            return EndedOr(errno);
        }

        Span<byte> link = stackalloc byte[LongestLink];
        for (ReadOnlySpan<byte> name; !(name = LibC.readdir(opened)).IsEmpty;)
        {
            // This skips "." and "..".
            if (!Utf8Parser.TryParse(name, out int number, out _))
            {
                continue;
            }

            int length = LibC.readlinkat(opened, name, link);
            if (IsForbidden(-length))
            {
                return EndedOr(-length);
            }

            // One that was closed in the meantime is not counted. Another one may have its number now.
            descriptors += length > 0 ? 1 : 0;
            if (length > 0 && Descriptors.SocketInode(link[..length]) is { } inode)
            {
                sockets.Add(new OpenSocket(number, inode));
            }
        }

        // The kernel ends the list early if the process ends.
        return descriptors > 0 ? 0 : ESRCH;
    }

    /// <summary>The inode of the socket that a descriptor of the process refers to now; null if it is not a socket.</summary>
    internal uint? SocketAt(int descriptor)
    {
        Span<byte> link = stackalloc byte[LongestLink];
        int length = LibC.readlink($"{_path}/fd/{descriptor}", link);
        return length > 0 ? Descriptors.SocketInode(link[..length]) : null;
    }

    /// <summary>Whether a socket is certainly not of TCP or MPTCP. It needs no copy of the descriptor.</summary>
    /// <param name="descriptor">The descriptor of the process.</param>
    /// <param name="inode">The inode of the socket.</param>
    /// <returns>False also if the kernel does not report it, and if the descriptor refers to another file now.</returns>
    internal bool IsOfOtherProtocol(int descriptor, uint inode)
    {
        // XATTR_NAME_SOCKPROTONAME in net/socket.c: TCP, TCPv6, UDP, UNIX-STREAM, …. A socket that an MPTCP listener has accepted is called MPTCP, also
        // if the client knows only TCP.
        Span<byte> name = stackalloc byte[MostProtocolBytes];
        int length = LibC.getxattr($"{_path}/fd/{descriptor}", "system.sockprotoname\0"u8, name);
        // The descriptor may have been closed and used again in the meantime.
        return length > 0 && name[..length].IndexOf("TCP"u8) < 0 && SocketAt(descriptor) == inode;
    }

    /// <summary>How many descriptors the process has, without a right to list them: 0 if the process has ended, null before Linux 6.2.</summary>
    internal long? CountDescriptors() => CanCountDescriptors ? StatDescriptors(_path) : null;

    private static long StatDescriptors(string path) =>
        LibC.statx($"{path}/fd", flags: 0, STATX_SIZE, out statx status) == 0 ? (long)(ulong)status.stx_size : 0;

    /// <summary>The user that the process runs as; root for one that may not be inspected (PR_SET_DUMPABLE). Null if the process has ended.</summary>
    internal uint? OwnerId() => LibC.statx(_path, flags: 0, STATX_UID, out statx status) == 0 ? (uint)status.stx_uid : null;

    /// <summary>The PID of the parent, proc_pid_stat(5); null if the process has ended.</summary>
    internal int? ParentId()
    {
        ReadOnlySpan<byte> state = StateAndParent();
        return state.Length > 2 && Utf8Parser.TryParse(state[2..], out int parent, out _) ? parent : null;
    }

    /// <summary>ESRCH if the process has ended; otherwise the errno. While a process ends, /proc returns the errno of a missing permission.</summary>
    private int EndedOr(int errno) => IsForbidden(errno) && StateAndParent() is [] or [(byte)'Z' or (byte)'X', ..] ? ESRCH : errno;

    /// <summary>The part of proc_pid_stat(5) that begins with the state and the PID of the parent; empty if the process has ended.</summary>
    private ReadOnlySpan<byte> StateAndParent()
    {
        // PID (COMMAND) STATE PPID: the command may contain any character.
        ReadOnlySpan<byte> stat = ReadFile("stat");
        ReadOnlySpan<byte> behind = stat[(stat.LastIndexOf((byte)')') + 1)..];
        return behind.Length > 1 ? behind[1..] : [];
    }

    /// <inheritdoc cref="DescriptorLimit.Read"/>
    internal long? DescriptorLimit() => Platform.DescriptorLimit.Read(_path);

    /// <summary>Reads a file of the process; empty if it cannot be read.</summary>
    internal byte[] ReadFile(string name)
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

    /// <summary>The path of the process's program; null if it cannot be read.</summary>
    internal string? ReadProgram()
    {
        Span<byte> link = stackalloc byte[LongestLink];
        int length = LibC.readlink($"{_path}/exe", link);
        return length > 0 ? Encoding.UTF8.GetString(link[..length]) : null;
    }

    /// <exception cref="IOException">The errno means that the agent has too many open files.</exception>
    internal static void ThrowIfTooManyFiles(int errno)
    {
        if (errno == EMFILE || errno == ENFILE)
        {
            throw new IOException("too many open files: raise LimitNOFILE= or ulimit -n of the agent");
        }
    }

    /// <summary>Whether an errno means that a permission is missing.</summary>
    internal static bool IsForbidden(int errno) => errno == EACCES || errno == EPERM;

    private static FileSystemEnumerable<int> Numbers(string directory) =>
        new(directory, (ref FileSystemEntry entry) => ParseNumber(entry.FileName), ListEverything)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.FileName.ContainsAnyExceptInRange('0', '9'),
        };

    private static int ParseNumber(ReadOnlySpan<char> text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}

/// <summary>A socket that a process has open.</summary>
/// <param name="Descriptor">The descriptor in that process.</param>
/// <param name="Inode">The inode of the socket, which identifies it on the whole host.</param>
internal readonly record struct OpenSocket(int Descriptor, uint Inode);
