using static Tmds.Linux.LibC;

namespace Netlink.SockDiag;

/// <summary>
/// Asks the kernel for TCP sockets: NETLINK_SOCK_DIAG, see sock_diag(7). One dump at a time; not for several threads at once.
/// <code>
/// using SockDiagClient client = new();
/// SocketQuery query = new(TcpStates.Established, 8500);
/// int connections;
/// do
/// {
///     connections = 0;
///     foreach (InetSocket socket in client.Dump(query))
///     {
///         connections++;
///     }
/// }
/// while (client.LastDumpIncomplete);
/// </code>
/// </summary>
/// <remarks>
/// It mends itself: after a failure, or a dump that was not read to its end, the next dump takes a new netlink socket. In another network
/// namespace each dump first looks whether the name still stands for the namespace that the socket belongs to.
/// </remarks>
public sealed class SockDiagClient : IDisposable
{
    /// <summary>How often in a row a dump may come incomplete before that is a failure.</summary>
    public const int MaxIncompleteDumps = 3;

    private readonly NetworkNamespace? _namespace;
    private readonly Func<INetlinkChannel>? _openChannel;
    private readonly DumpExchange _exchange;
    private NamespaceIdentity? _openedIn;
    private int _incompleteInARow;
    private bool _disposed;

    /// <summary>A client that opens its socket at the first dump.</summary>
    /// <param name="networkNamespace">Whose sockets to ask for; null for the network namespace of this process.</param>
    public SockDiagClient(NetworkNamespace? networkNamespace = null)
    {
        _namespace = networkNamespace;
        _exchange = new DumpExchange(TimeProvider.System);
    }

    /// <summary>A client of a scripted kernel.</summary>
    internal SockDiagClient(Func<INetlinkChannel> openChannel, TimeProvider time)
    {
        _openChannel = openChannel;
        _exchange = new DumpExchange(time);
    }

    /// <summary>
    /// True when the last dump ended before its time, because the table changed under it (NLM_F_DUMP_INTR) or replies were lost (ENOBUFS) or
    /// cut off: what was read is worth nothing, dump again. The third such dump in a row throws.
    /// </summary>
    public bool LastDumpIncomplete { get; private set; }

    /// <summary>True when this kernel refuses one walk for both IP versions, so that each dump walks its table twice.</summary>
    internal bool WalksPerFamily { get; private set; }

    /// <summary>Begins a dump; the sockets come as it is enumerated.</summary>
    /// <exception cref="NetlinkException">
    /// The kernel refused the socket, the namespace or the request; enumerating throws it too, also at the end of the dump.
    /// </exception>
    /// <exception cref="MalformedMessageException">While enumerating: what came cannot be true.</exception>
    public SocketDump Dump(SocketQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        ObjectDisposedException.ThrowIf(_disposed, this);
        LastDumpIncomplete = false;
        EnsureChannel();
        _exchange.Begin();
        return new SocketDump(this, _exchange, query);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        _exchange.Close();
    }

    /// <summary>The dump came to its true end.</summary>
    internal void Complete(bool walkedPerFamily)
    {
        WalksPerFamily = walkedPerFamily;
        _incompleteInARow = 0;
        _exchange.End();
    }

    /// <summary>The dump is worth nothing; throws when it is not the first.</summary>
    internal void Abandon(DumpDefect defect)
    {
        LastDumpIncomplete = true;
        if (++_incompleteInARow < MaxIncompleteDumps)
        {
            return;
        }

        _incompleteInARow = 0;
        throw defect switch
        {
            DumpDefect.Overrun => new NetlinkException(
                NetlinkOperation.Receive, ENOBUFS, detail: $"replies were lost {MaxIncompleteDumps} times in a row"),
            DumpDefect.Truncated => new NetlinkException(
                NetlinkOperation.Receive, EMSGSIZE, detail: $"replies were cut off {MaxIncompleteDumps} times in a row"),
            _ => new NetlinkException(
                NetlinkOperation.Dump, EINTR, detail: $"the table changed under the dump {MaxIncompleteDumps} times in a row"),
        };
    }

    private void EnsureChannel()
    {
        if (!IsStillOpenedIn(_namespace))
        {
            // The socket would go on to count, and to keep alive, a namespace that the name does not stand for any more.
            _exchange.Close();
        }

        if (_exchange.IsReady)
        {
            return;
        }

        _exchange.Close();
        if (_namespace is null)
        {
            _exchange.Open(_openChannel?.Invoke() ?? NetlinkSocket.Open());
        }
        else
        {
            (NetlinkSocket socket, NamespaceIdentity identity) = _namespace.OpenSocket();
            _openedIn = identity;
            _exchange.Open(socket);
        }
    }

    private bool IsStillOpenedIn(NetworkNamespace? networkNamespace)
    {
        try
        {
            return networkNamespace is null || _openedIn == networkNamespace.Identify();
        }
        catch
        {
            // A deleted namespace, and with it its interfaces, would live on as long as the socket.
            _exchange.Close();
            throw;
        }
    }
}
