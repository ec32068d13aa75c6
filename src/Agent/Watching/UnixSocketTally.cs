using System.Collections.Immutable;
using System.Net.Sockets;
using System.Text;
using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>
/// Counts the connections to the watched unix sockets of a network namespace, in one dump of its unix sockets. Reused for each census. A path stands
/// for the file that is at the path now. Where no listening socket has that file, it stands for the sockets that are bound to this name: the file may
/// be deleted, in another mount namespace, or on a file system that reports two device numbers, such as btrfs.
/// </summary>
internal sealed class UnixSocketTally
{
    /// <summary>The query to the kernel.</summary>
    internal static readonly UnixSocketQuery Query = new(TcpStates.Established | TcpStates.Listen);

    private readonly WatchedPath[] _paths;

    // Only the files that a path may stand for.
    private readonly Dictionary<UnixSocketFile, BoundFile> _files = [];

    private UnixSocketTally(IEnumerable<string> paths) => _paths = [.. paths.Select(path => new WatchedPath(path))];

    /// <summary>The tally of the watches of a namespace; null if none has unix sockets.</summary>
    internal static UnixSocketTally? Of(IEnumerable<Watch> watches)
    {
        // A path of two watches is counted once.
        List<string> paths = [];
        foreach (Watch watch in watches)
        {
            foreach (string path in watch.UnixSockets)
            {
                if (!paths.Contains(path))
                {
                    paths.Add(path);
                }
            }
        }

        return paths.Count == 0 ? null : new UnixSocketTally(paths);
    }

    /// <summary>Counts the sockets that there are now.</summary>
    /// <exception cref="Netlink.NetlinkException">The kernel returned an error, or the timeout ended.</exception>
    /// <exception cref="Netlink.MalformedMessageException">The kernel's reply is malformed.</exception>
    internal void Count(SockDiagClient client)
    {
        do
        {
            Clear();
            foreach (UnixSocket socket in client.Dump(Query))
            {
                if (FileOf(socket) is { } file)
                {
                    file.Add(socket);
                }
            }
        }
        while (client.LastDumpIncomplete);

        foreach (WatchedPath path in _paths)
        {
            path.HasListener = path.File is { } file && _files.GetValueOrDefault(file) is { AcceptQueue: not null };
        }
    }

    /// <summary>The counts of each path, in the order of the configuration.</summary>
    internal ImmutableArray<UnixSocketCounts> ToCounts() => [.. _paths.Select(path => CountsOf([path], path.Path) with { File = path.File })];

    /// <summary>The accepted connections to these paths together. Each counts once, also where two paths stand for the same file.</summary>
    internal long AcceptedOf(ImmutableArray<string> paths) => paths.IsEmpty ? 0 : CountsOf(_paths.Where(path => paths.Contains(path.Path)), "").Accepted;

    /// <summary>Why connections to these paths may be missing from the counts, in one line; null if none are.</summary>
    internal string? ProblemOf(ImmutableArray<string> paths)
    {
        foreach (WatchedPath path in _paths)
        {
            if (path.IsForbidden && paths.Contains(path.Path) && !SelectedBy([path]).Any())
            {
                return $"cannot see the connections to {path.Path}: the agent may not look at this file; run it as root, or let its user enter the directory";
            }
        }

        return null;
    }

    /// <summary>The files that these paths stand for.</summary>
    internal IReadOnlySet<UnixSocketFile> FilesOf(ImmutableArray<string> paths) =>
        SelectedBy(_paths.Where(path => paths.Contains(path.Path))).Select(file => file.File).ToHashSet();

    private void Clear()
    {
        _files.Clear();
        foreach (WatchedPath path in _paths)
        {
            path.File = UnixSocketFile.At(path.Path, out bool isForbidden);
            path.IsForbidden = isForbidden;
        }
    }

    private BoundFile? FileOf(UnixSocket socket)
    {
        // A datagram socket has no connections.
        if (socket.Type is not (SocketType.Stream or SocketType.Seqpacket) || socket.File is not { } file)
        {
            return null;
        }

        if (_files.TryGetValue(file, out BoundFile? known))
        {
            return known;
        }

        // Most sockets are not watched. A loop allocates nothing for them.
        WatchedPath? named = null;
        bool isWatched = false;
        ReadOnlySpan<byte> name = socket.Name;
        foreach (WatchedPath path in _paths)
        {
            named = name.SequenceEqual(path.Name) ? path : named;
            isWatched |= path.File == file;
        }

        if (isWatched || named is not null)
        {
            _files.Add(file, known = new BoundFile(file, named));
        }

        return known;
    }

    private IEnumerable<BoundFile> SelectedBy(IEnumerable<WatchedPath> paths) =>
        _files.Values.Where(file => paths.Any(path => path.File == file.File || (!path.HasListener && file.Named == path)));

    private UnixSocketCounts CountsOf(IEnumerable<WatchedPath> paths, string name)
    {
        UnixSocketCounts counts = new(name, Accepted: 0, AcceptQueue: null);
        foreach (BoundFile file in SelectedBy(paths))
        {
            counts = counts with
            {
                Accepted = counts.Accepted + file.Accepted,
                AcceptQueue = file.AcceptQueue is { } queue ? queue + counts.AcceptQueue.GetValueOrDefault() : counts.AcceptQueue,
            };
        }

        return counts;
    }

    /// <summary>A path of the configuration.</summary>
    private sealed class WatchedPath(string path)
    {
        internal string Path => path;

        /// <summary>The path as the name of a socket.</summary>
        internal byte[] Name { get; } = Encoding.UTF8.GetBytes(path);

        /// <summary>The socket file at the path; null if there is none, or the agent may not look.</summary>
        internal UnixSocketFile? File { get; set; }

        /// <summary>Whether the agent may not look at the path.</summary>
        internal bool IsForbidden { get; set; }

        /// <summary>Whether a listening socket has this file.</summary>
        internal bool HasListener { get; set; }
    }

    /// <summary>The sockets of one file: the listener, and the connections that it has accepted.</summary>
    /// <param name="file">The file.</param>
    /// <param name="named">The path that is its name; null if none is.</param>
    private sealed class BoundFile(UnixSocketFile file, WatchedPath? named)
    {
        internal UnixSocketFile File => file;

        internal WatchedPath? Named => named;

        internal long Accepted { get; private set; }

        /// <summary>Null without a listener.</summary>
        internal AcceptQueue? AcceptQueue { get; private set; }

        internal void Add(UnixSocket socket)
        {
            switch (socket.State)
            {
                case TcpState.Established:
                    // It keeps this state until the server closes it, also after the client has gone.
                    Accepted++;
                    break;
                case TcpState.Listen:
                    (uint length, uint limit) = socket.Queue.GetValueOrDefault();
                    AcceptQueue = AcceptQueue.GetValueOrDefault() + new AcceptQueue(length, limit);
                    break;
                default:
                    // The socket changed its state after the kernel had selected it.
                    break;
            }
        }
    }
}
