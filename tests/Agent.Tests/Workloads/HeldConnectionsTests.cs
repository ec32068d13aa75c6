using System.Net;
using System.Net.Sockets;
using Agent.Workloads;
using Netlink;
using Netlink.SockDiag;
using Netlink.SockDiag.Filters;
using Testing;

namespace Agent.Tests.Workloads;

public sealed class HeldConnectionsTests
{
    [Fact]
    public void Each_held_connection_is_paired_with_its_client_and_no_other_is()
    {
        using TestNamespace host = new();
        using Connections dualStack = new(host, 8500, IPAddress.IPv6Any);
        using Connections https = new(host, 8501);
        using Connections other = new(host, 8502);
        IReadOnlyList<(Socket Client, Socket Server)> pairs =
            [.. dualStack.Accept(3, to: IPAddress.Loopback), .. dualStack.Accept(2, to: IPAddress.IPv6Loopback), .. https.Accept(1)];
        dualStack.LeaveUnaccepted(4);
        other.Accept(5);

        IReadOnlyList<HeldConnection> held = Dump(host, 8500, 8501);

        Assert.Equal(pairs.Select(pair => PortOf(pair.Client.LocalEndPoint)).Order(), held.Select(connection => connection.Address.ClientPort).Order());
        Assert.All(held, connection => Assert.Equal(ClientEnd.Open, connection.ClientEnd));
        Assert.Equal(pairs.Select(pair => InodeOf(pair.Client)).Order(), held.Select(connection => connection.Inode).Order());
    }

    [Fact]
    public async Task Client_that_shut_down_its_side_is_open_until_its_process_closes_it()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        Socket shutDown = server.Accept(1)[0].Client;
        shutDown.Shutdown(SocketShutdown.Send);
        Socket closed = server.Accept(1)[0].Client;
        ushort closedPort = PortOf(closed.LocalEndPoint);
        uint shutDownInode = InodeOf(shutDown);
        closed.Shutdown(SocketShutdown.Send);
        closed.Close();

        // A process that another test starts right now may have a copy of the descriptor for a moment.
        await Poll.Until(
            () => Dump(host, 8500).Single(connection => connection.Address.ClientPort == closedPort).ClientEnd == ClientEnd.Closed,
            "no process has the closed end");
        HeldConnection open = Dump(host, 8500).Single(connection => connection.Address.ClientPort != closedPort);
        Assert.Equal((ClientEnd.Open, shutDownInode), (open.ClientEnd, open.Inode));
    }

    [Fact]
    public void Removed_client_end_is_closed_for_a_local_client_and_elsewhere_for_others()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.AcceptOneEnded(2);
        Assert.Equal([ClientEnd.Elsewhere, ClientEnd.Elsewhere], Dump(host, 8500).Select(connection => connection.ClientEnd));

        const int CloseWait = 8;
        using SockDiagClient scripted = Scripted(new ScriptedKernel()
            .Reply(n =>
            [
                .. Replies.Socket(n, 1, peer: "127.0.0.1", state: CloseWait),
                .. Replies.Socket(n, 2, peer: "192.0.2.1", state: CloseWait),
                .. Replies.Done(n),
            ])
            .Reply(n => Replies.Done(n)));
        Assert.Equal(
            [("127.0.0.1", ClientEnd.Closed), ("192.0.2.1", ClientEnd.Elsewhere)],
            HeldConnections.Dump(scripted, [8500]).Select(connection => ($"{connection.Address.Client}", connection.ClientEnd)));
    }

    [Fact]
    public void Incomplete_dump_of_either_end_is_repeated_from_the_start()
    {
        using SockDiagClient scripted = Scripted(
            new ScriptedKernel().Reply(n =>
                [.. Replies.Socket(n, 1, peer: "192.0.2.1"), .. Replies.Socket(n, 2, flags: Replies.Multi | Replies.DumpInterrupted)]),
            new ScriptedKernel()
                .Reply(n => [.. Replies.Socket(n, 3, peer: "192.0.2.2"), .. Replies.Done(n)])
                .Reply(n => Replies.Socket(n, 4, flags: Replies.Multi | Replies.DumpInterrupted)),
            new ScriptedKernel().Reply(n => Replies.Done(n)));
        Assert.Equal(["192.0.2.2"], HeldConnections.Dump(scripted, [8500]).Select(connection => $"{connection.Address.Client}"));
    }

    [Fact]
    public void Filter_applies_to_the_servers_ends_and_so_to_their_clients()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.Accept(2, from: IPAddress.Parse("127.0.0.7"));
        server.Accept(3, from: IPAddress.Parse("127.0.0.8"));
        using SockDiagClient client = new(NetworkNamespace.Parse(host.Path));
        Assert.Equal(
            [("127.0.0.7", ClientEnd.Open), ("127.0.0.7", ClientEnd.Open)],
            HeldConnections.Dump(client, [8500], SocketFilter.Parse("dst 127.0.0.7"))
                .Select(connection => ($"{connection.Address.Client}", connection.ClientEnd)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(1995)]
    public void Largest_number_of_ports_is_supported(int count)
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        using Connections unwatched = new(host, 8501);
        server.Accept(2);
        unwatched.Accept(1);
        // Every second port, so that no two are adjacent.
        ushort[] ports = [.. Enumerable.Range(0, count).Select(i => (ushort)(8500 + (2 * i)))];
        Assert.Equal([8500, 8500], Dump(host, ports).Select(connection => (int)connection.Address.ServerPort));
    }

    private static IReadOnlyList<HeldConnection> Dump(TestNamespace host, params ushort[] ports)
    {
        using SockDiagClient client = new(NetworkNamespace.Parse(host.Path));
        return HeldConnections.Dump(client, ports);
    }

    private static SockDiagClient Scripted(params ScriptedKernel[] kernels)
    {
        Queue<ScriptedKernel> left = new(kernels);
        return new SockDiagClient(left.Dequeue, TimeProvider.System);
    }

    private static ushort PortOf(EndPoint? end) => (ushort)((IPEndPoint)end!).Port;

    private static uint InodeOf(Socket socket) =>
        uint.Parse(new FileInfo($"/proc/self/fd/{socket.Handle}").LinkTarget!["socket:[".Length..^1]);
}
