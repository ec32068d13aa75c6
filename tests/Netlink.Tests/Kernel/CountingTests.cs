using System.Net;
using System.Net.Sockets;
using Netlink.SockDiag;
using Netlink.SockDiag.Filters;
using Testing;

namespace Netlink.Tests.Kernel;

/// <summary>Dumps of the real kernel, in network namespaces of the tests.</summary>
public sealed class CountingTests
{
    private const TcpStates Counted = TcpStates.Established | TcpStates.CloseWait | TcpStates.Listen;

    [Fact]
    public void IPv4_connections_have_all_their_fields()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        (Socket client, Socket accepted) = Assert.Single(server.Accept(1, from: IPAddress.Parse("127.0.0.9")));

        Row row = Assert.Single(Dump(host, TcpStates.Established, 8500));

        Assert.Equal(TcpState.Established, row.State);
        Assert.Equal(AddressFamily.InterNetwork, row.Family);
        Assert.Equal((IPEndPoint)accepted.LocalEndPoint!, row.Local);
        Assert.Equal((IPEndPoint)client.LocalEndPoint!, row.Peer);
        Assert.Equal("127.0.0.9", row.Peer.Address.ToString());
        Assert.Equal($"socket:[{row.Inode}]", new FileInfo($"/proc/self/fd/{accepted.Handle}").LinkTarget);
        Assert.Equal(0u, row.UserId);
        Assert.NotEqual(0ul, row.Cookie);
        Assert.NotNull(row.CgroupId);
    }

    [Fact]
    public void IPv6_connections_are_in_the_same_walk()
    {
        using TestNamespace host = new();
        using Connections ipv4 = new(host, 8500);
        using Connections ipv6 = new(host, 8500, IPAddress.IPv6Loopback);
        ipv4.Accept(3);
        ipv6.Accept(2, to: IPAddress.IPv6Loopback);

        List<Row> rows = Dump(host, TcpStates.Established, 8500);

        Assert.Equal(3, rows.Count(row => row.Peer.Address.Equals(IPAddress.Loopback)));
        Assert.Equal(2, rows.Count(row => row.Peer.Address.Equals(IPAddress.IPv6Loopback)));
        Assert.Equal(5, rows.Count);
    }

    [Fact]
    public void IPv4_client_of_a_dual_stack_listener_is_IPv4_on_an_IPv6_socket()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500, IPAddress.IPv6Any);
        server.Accept(2, to: IPAddress.Loopback);
        server.Accept(1, to: IPAddress.IPv6Loopback);

        List<Row> rows = Dump(host, TcpStates.Established, 8500);

        Assert.All(rows, row => Assert.Equal(AddressFamily.InterNetworkV6, row.Family));
        Assert.Equal([false, true, true], rows.Select(row => row.PeerIsIPv4).Order());
    }

    [Fact]
    public void Client_end_on_loopback_is_not_selected()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.Accept(4);
        Assert.Equal(4, Dump(host, TcpStates.Established, 8500).Count);
        Assert.Equal(8, Dump(host, TcpStates.Established).Count);
    }

    [Fact]
    public void Unaccepted_connections_have_no_inode_and_are_in_the_accept_queue()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.Accept(3);
        server.LeaveUnaccepted(4);

        List<Row> rows = Dump(host, Counted, 8500);

        Assert.Equal(4, rows.Count(row => row is { State: TcpState.Established, Inode: 0 }));
        Assert.Equal(3, rows.Count(row => row is { State: TcpState.Established, Inode: not 0 }));
        Row listener = Assert.Single(rows, row => row.State == TcpState.Listen);
        Assert.Equal((4u, 1024u), (listener.ReceiveQueue, listener.SendQueue));
    }

    [Fact]
    public async Task States_are_selected_in_the_kernel()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.Accept(2);
        server.HalfClose(3);
        server.LeaveInTimeWait(4);
        await Poll.Until(() => Dump(host, TcpStates.TimeWait, 8500).Count == 4, "four connections in TIME_WAIT");

        Assert.Equal(2, Dump(host, TcpStates.Established, 8500).Count);
        Assert.Equal(3, Dump(host, TcpStates.CloseWait, 8500).Count);
        Assert.Single(Dump(host, TcpStates.Listen, 8500));
        Assert.Equal(6, Dump(host, Counted, 8500).Count);
        Assert.All(Dump(host, TcpStates.TimeWait, 8500), row => Assert.Equal(0u, row.Inode));
    }

    [Fact]
    public void Bytecode_selects_exactly_the_given_ports()
    {
        using TestNamespace host = new();
        ushort[] ports = [80, 443, 1024, 1025, 1026, 8500, 8501, 8502, 9000, 60_000, 65_535];
        ushort[] others = [79, 81, 442, 444, 1023, 1027, 8499, 8503, 65_534];
        List<Connections> servers = [.. ports.Concat(others).Select(port => new Connections(host, port))];
        try
        {
            servers.ForEach(server => server.Accept(1));
            List<Row> rows = Dump(host, TcpStates.Established, ports);
            Assert.Equal(ports.Select(port => (int)port), rows.Select(row => row.Local.Port).Order());
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
        }
    }

    [Fact]
    public void Largest_port_filter_passes_the_kernels_audit()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.Accept(1);
        ushort[] even = [.. Enumerable.Range(1, PortFilter.MaxRanges).Select(i => (ushort)(i * 2 + 4000))];
        Assert.Contains((ushort)8500, even);
        Assert.Single(Dump(host, TcpStates.Established, even));
        Assert.Empty(Dump(host, TcpStates.Established, [.. even.Where(port => port != 8500)]));
    }

    [Fact]
    public void Each_of_ten_thousand_connections_comes_once()
    {
        const int Many = 10_000;
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.AcceptOneEnded(Many);

        List<Row> rows = Dump(host, TcpStates.Established, 8500);

        Assert.Equal(Many, rows.Count);
        Assert.Equal(Many, rows.Select(row => row.Cookie).Distinct().Count());
        Assert.Equal(Many, rows.Select(row => row.Peer.Port).Distinct().Count());
    }

    [Fact]
    public void Requests_per_family_find_the_same_as_the_request_for_both()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500, IPAddress.IPv6Any);
        using Connections other = new(host, 8501);
        server.Accept(3, to: IPAddress.IPv6Loopback);
        other.Accept(2);
        ushort[] ports = [8500, 8501];

        List<Row> together = Dump(host, Counted, ports);
        List<Row> perFamily = host.Run(() =>
        {
            using SockDiagClient client = new(() => new WithoutLegacyRequest(NetlinkSocket.Open()), TimeProvider.System);
            List<Row> rows = Dump(client, Counted, ports);
            Assert.True(client.WalksPerFamily);
            return rows;
        });

        Assert.Equal(7, together.Count);
        Assert.Equal(together.OrderBy(row => row.Cookie), perFamily.OrderBy(row => row.Cookie));
    }

    private static List<Row> Dump(TestNamespace host, TcpStates states, params ushort[] ports) =>
        host.Run(() =>
        {
            using SockDiagClient client = new();
            return Dump(client, states, ports);
        });

    private static List<Row> Dump(SockDiagClient client, TcpStates states, ushort[] ports)
    {
        List<Row> rows = [];
        foreach (InetSocket socket in client.Dump(new SocketQuery(states, ports)))
        {
            rows.Add(Row.Of(socket));
        }

        return rows;
    }

    /// <summary>The real kernel, except that it refuses the request for both families, as other kernels do.</summary>
    private sealed class WithoutLegacyRequest(NetlinkSocket kernel) : INetlinkChannel
    {
        private byte[]? _refusal;

        public uint PortId => kernel.PortId;

        public int Send(ReadOnlySpan<byte> request)
        {
            if (request[4] == Replies.Legacy)
            {
                const int EOPNOTSUPP = 95;
                _refusal = Replies.Error(BitConverter.ToUInt32(request[8..]), EOPNOTSUPP);
                BitConverter.TryWriteBytes(_refusal.AsSpan(12), PortId);
                return 0;
            }

            return kernel.Send(request);
        }

        public int Receive(Span<byte> buffer, out uint senderPortId)
        {
            if (_refusal is null)
            {
                return kernel.Receive(buffer, out senderPortId);
            }

            senderPortId = 0;
            _refusal.CopyTo(buffer);
            int length = _refusal.Length;
            _refusal = null;
            return length;
        }

        public void Dispose() => kernel.Dispose();
    }
}
