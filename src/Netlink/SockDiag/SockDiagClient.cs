using static Tmds.Linux.LibC;

namespace Netlink.SockDiag;

/// <summary>
/// Dumps the TCP and unix sockets of the kernel: NETLINK_SOCK_DIAG, see sock_diag(7). One dump at a time; not thread-safe.
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
/// After a failure, or a dump that was not read to its end, the next dump opens a new netlink socket. For another network namespace, each dump first
/// checks that the name still refers to the namespace of the socket.
/// </remarks>
public sealed class SockDiagClient : IDisposable
{
    /// <summary>After this many incomplete dumps in a row, a dump throws.</summary>
    public const int MaxIncompleteDumps = 3;

    private readonly NetworkNamespace? _namespace;
    private readonly Func<INetlinkChannel>? _openChannel;
    private readonly DumpExchange _exchange;
    private NamespaceIdentity? _openedIn;
    private int _incompleteInARow;
    private bool _disposed;

    /// <summary>Creates a client. It opens its netlink socket at the first dump.</summary>
    /// <param name="networkNamespace">The network namespace to dump; null for that of this process.</param>
    public SockDiagClient(NetworkNamespace? networkNamespace = null)
    {
        _namespace = networkNamespace;
        _exchange = new DumpExchange(TimeProvider.System);
    }

    /// <summary>Creates a client of a scripted kernel.</summary>
    internal SockDiagClient(Func<INetlinkChannel> openChannel, TimeProvider time)
    {
        _openChannel = openChannel;
        _exchange = new DumpExchange(time);
    }

    /// <summary>
    /// Whether the last dump was incomplete, because the socket table changed during it (NLM_F_DUMP_INTR), or replies were lost (ENOBUFS) or truncated.
    /// Discard what was read and dump again. The third such dump in a row throws.
    /// </summary>
    public bool LastDumpIncomplete { get; private set; }

    /// <summary>Whether this kernel refuses one walk for both IP versions, so that each dump walks its table twice.</summary>
    internal bool WalksPerFamily { get; set; }

    /// <summary>The cookie of the network namespace of the last dump, as SO_NETNS_COOKIE of its sockets; null before Linux 5.14.</summary>
    internal ulong? NetnsCookie => _exchange.NetnsCookie;

    /// <summary>Starts a dump. Enumerating it reads the sockets.</summary>
    /// <exception cref="NetlinkException">
    /// The kernel refused the netlink socket, the namespace or the request. Enumerating throws it too, even at the end of the dump.
    /// </exception>
    /// <exception cref="MalformedMessageException">While enumerating: the reply is malformed.</exception>
    public SocketDump Dump(SocketQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        Begin();
        return new SocketDump(this, _exchange, query);
    }

    /// <summary>Starts a dump of unix sockets. Enumerating it reads the sockets.</summary>
    /// <exception cref="NetlinkException">
    /// The kernel refused the netlink socket, the namespace or the request. Enumerating throws it too, even at the end of the dump.
    /// </exception>
    /// <exception cref="MalformedMessageException">While enumerating: the reply is malformed.</exception>
    public UnixSocketDump Dump(UnixSocketQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        Begin();
        return new UnixSocketDump(this, _exchange, query);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        _exchange.Close();
    }

    /// <summary>Ends a complete dump.</summary>
    internal void Complete()
    {
        _incompleteInARow = 0;
        _exchange.End();
    }

    /// <summary>Ends an incomplete dump; throws if it is the third in a row.</summary>
    internal void Abandon(DumpDefect defect, NetlinkOperation operation)
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
                NetlinkOperation.Receive, EMSGSIZE, detail: $"replies were truncated {MaxIncompleteDumps} times in a row"),
            _ => new NetlinkException(
                operation, EINTR, detail: $"the socket table changed during the dump {MaxIncompleteDumps} times in a row"),
        };
    }

    private void Begin()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        LastDumpIncomplete = false;
        EnsureChannel();
        _exchange.Begin();
    }

    private void EnsureChannel()
    {
        if (!IsStillOpenedIn(_namespace))
        {
            // Otherwise the socket would count, and keep alive, a namespace that the name no longer refers to.
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
            // The socket would keep a deleted namespace and its interfaces alive.
            _exchange.Close();
            throw;
        }
    }
}
