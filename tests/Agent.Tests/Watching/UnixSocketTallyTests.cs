using System.Net.Sockets;
using Agent.Watching;
using Netlink;
using Netlink.SockDiag;
using Netlink.SockDiag.Filters;
using Testing;

namespace Agent.Tests.Watching;

/// <summary>Unix sockets of watches, on the real kernel and on a scripted one.</summary>
public sealed class UnixSocketTallyTests : IDisposable
{
    private readonly TestNamespace _host = new();
    private readonly Scratch _scratch = new();

    private string Path => _scratch["s"];

    public void Dispose()
    {
        _scratch.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void Accepted_connections_are_held_by_the_client_unix()
    {
        using UnixServer server = new(_host, Path);
        server.Accept(3);
        NamespaceCounts found = Take(WatchOf("a", Path));

        WatchCounts counts = Assert.Single(found.Watches);
        Assert.Equal((3L, 1, 3), (counts.Held, counts.Clients, counts.Highest));
        Assert.Equal([new ClientCount(Client.Unix, 3)], counts.Shown);
        Assert.Equal("unix", $"{counts.Shown[0].Client}");
        Assert.Equal([new UnixSocketCounts(Path, 3, new AcceptQueue(0, 100))], Counts(found));
        Assert.Empty(found.Ports);
    }

    [Fact]
    public void TCP_and_unix_connections_of_a_watch_are_counted_together()
    {
        using UnixServer unix = new(_host, Path);
        unix.Accept(2);
        using Connections tcp = new(_host, 8500);
        tcp.Accept(3);
        // Another port, which a query without ports would count.
        using Connections other = new(_host, 9000);
        other.Accept(4);

        NamespaceCounts found = Take(new Watch("a", [8500]) { UnixSockets = [Path] }, WatchOf("b", Path));
        Assert.Equal((5L, 2, 3), (found.Watches[0].Held, found.Watches[0].Clients, found.Watches[0].Highest));
        Assert.Equal(["127.0.0.1 3", "unix 2"], found.Watches[0].Shown.Select(client => $"{client.Client} {client.Held}"));
        Assert.Equal((2L, 1, 2), (found.Watches[1].Held, found.Watches[1].Clients, found.Watches[1].Highest));
        Assert.Single(found.Ports);
    }

    [Fact]
    public void Unaccepted_connections_are_in_the_accept_queue_and_hold_nothing()
    {
        using UnixServer server = new(_host, Path, backlog: 7);
        server.Accept(2);
        server.LeaveUnaccepted(4);
        NamespaceCounts found = Take(WatchOf("a", Path));
        Assert.Equal([new UnixSocketCounts(Path, 2, new AcceptQueue(4, 7))], Counts(found));
        Assert.Equal(2, found.Watches[0].Held);
    }

    [Fact]
    public void Connection_is_held_until_the_server_closes_it()
    {
        using UnixServer server = new(_host, Path);
        IReadOnlyList<(Socket Client, Socket Server)> connections = server.Accept(3);
        connections[0].Client.Dispose();
        connections[1].Client.Dispose();
        Assert.Equal(3, Take(WatchOf("a", Path)).Watches[0].Held);
        connections[0].Server.Dispose();
        Assert.Equal(2, Take(WatchOf("a", Path)).Watches[0].Held);
    }

    [Fact]
    public void Sequenced_packet_sockets_count_like_stream_sockets()
    {
        using UnixServer server = new(_host, Path, SocketType.Seqpacket);
        server.Accept(2);
        Assert.Equal([new UnixSocketCounts(Path, 2, new AcceptQueue(0, 100))], Counts(Take(WatchOf("a", Path))));
    }

    [Fact]
    public void Symbolic_links_in_the_path_are_followed()
    {
        // As /var/run is a link to /run.
        Directory.CreateDirectory(_scratch["run"]);
        Directory.CreateSymbolicLink(_scratch["var-run"], _scratch["run"]);
        using UnixServer server = new(_host, _scratch["run/s"]);
        server.Accept(1, at: _scratch["var-run/s"]);
        File.CreateSymbolicLink(_scratch["link"], _scratch["var-run/s"]);

        NamespaceCounts found = Take(WatchOf("a", _scratch["var-run/s"]), WatchOf("b", _scratch["link"]), WatchOf("c", _scratch["run/s"]));
        Assert.All(found.UnixSockets, counts => Assert.Equal((1L, new AcceptQueue(0, 100)), (counts.Accepted, counts.AcceptQueue)));
        Assert.Equal(3, found.UnixSockets.Length);
    }

    [Fact]
    public void Two_paths_of_the_same_file_count_once_in_a_watch()
    {
        using UnixServer server = new(_host, Path);
        server.Accept(2);
        File.CreateSymbolicLink(_scratch["link"], Path);
        NamespaceCounts found = Take(WatchOf("a", Path, _scratch["link"]));
        Assert.Equal([2L, 2L], found.UnixSockets.Select(counts => counts.Accepted));
        Assert.Equal(2, found.Watches[0].Held);
        Assert.Equal(new AcceptQueue(0, 100), UnixSocketCounts.SumOfQueues(found.UnixSockets));
    }

    [Fact]
    public void Path_stands_for_the_new_file_after_the_server_was_replaced()
    {
        using UnixServer old = new(_host, Path);
        old.Accept(3);
        File.Delete(Path);
        using UnixServer replacement = new(_host, Path);
        replacement.Accept(1);
        Assert.Equal([new UnixSocketCounts(Path, 1, new AcceptQueue(0, 100))], Counts(Take(WatchOf("a", Path))));
    }

    [Fact]
    public void Server_whose_file_was_deleted_is_found_by_its_name()
    {
        using UnixServer server = new(_host, Path);
        server.Accept(2);
        File.Delete(Path);
        Assert.Equal([new UnixSocketCounts(Path, 2, new AcceptQueue(0, 100))], Counts(Take(WatchOf("a", Path))));
    }

    [Fact]
    public void Connections_stay_after_the_listener_was_closed()
    {
        using UnixServer server = new(_host, Path);
        server.Accept(2);
        server.CloseListener();
        Assert.Equal([new UnixSocketCounts(Path, 2, AcceptQueue: null)], Counts(Take(WatchOf("a", Path))));
    }

    [Fact]
    public void Missing_path_has_no_connections_and_no_accept_queue()
    {
        File.WriteAllText(_scratch["file"], "");
        NamespaceCounts found = Take(WatchOf("a", Path, _scratch["file"], _scratch.Path));
        Assert.True(found.Succeeded);
        Assert.All(found.UnixSockets, counts => Assert.Equal((0L, null), (counts.Accepted, counts.AcceptQueue)));
        Assert.Empty(found.Watches[0].Shown);
    }

    [Fact]
    public void Sockets_of_another_network_namespace_are_not_counted()
    {
        using TestNamespace other = new();
        using UnixServer elsewhere = new(other, Path);
        elsewhere.Accept(2);
        Assert.Equal([new UnixSocketCounts(Path, 0, AcceptQueue: null)], Counts(Take(WatchOf("a", Path))));
        Assert.Equal([new UnixSocketCounts(Path, 2, new AcceptQueue(0, 100))], Counts(Take(other, null, WatchOf("a", Path))));
    }

    [Fact]
    public void Accepted_connection_is_in_the_network_namespace_of_its_client()
    {
        // So decides the kernel (unix_stream_connect in net/unix/af_unix.c). docs/limitations.md says it.
        using TestNamespace other = new();
        using UnixServer server = new(_host, Path);
        server.Accept(1);
        server.Accept(2, from: other);
        Assert.Equal([new UnixSocketCounts(Path, 1, new AcceptQueue(0, 100))], Counts(Take(WatchOf("a", Path))));
        Assert.Equal([new UnixSocketCounts(Path, 2, AcceptQueue: null)], Counts(Take(other, null, WatchOf("a", Path))));
    }

    [Fact]
    public void Filter_leaves_unix_sockets_out()
    {
        using UnixServer server = new(_host, Path);
        server.Accept(2);
        NamespaceCounts found = Take(_host, SocketFilter.Parse("dst 127.0.0.1"), WatchOf("a", Path));
        Assert.True(found.Succeeded);
        Assert.Empty(found.UnixSockets);
        Assert.Equal(0, found.Watches[0].Held);
    }

    [Fact]
    public void Peak_survives_a_reload_that_keeps_the_unix_sockets()
    {
        using UnixServer server = new(_host, Path);
        IReadOnlyList<(Socket Client, Socket Server)> connections = server.Accept(2);
        using Census before = CensusOf(_host, null, keepsPeaks: true, WatchOf("a", Path), WatchOf("b", Path));
        before.Take();
        connections[0].Server.Dispose();
        using Census after = CensusOf(_host, null, keepsPeaks: true, WatchOf("a", Path), WatchOf("b", Path, _scratch["other"]));
        after.TakeOver(before);
        Assert.Equal([2, 1], after.Take().Watches.Select(watch => watch.Peak.GetValueOrDefault()));
    }

    [Fact]
    public void Same_name_with_another_file_counts_only_where_no_listener_has_the_file()
    {
        // As in a container that shares the network namespace and has files of its own.
        using Socket bound = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        bound.Bind(new UnixDomainSocketEndPoint(Path));
        UnixSocketFile file = UnixSocketFile.At(Path)!.Value;
        byte[] Ours(uint n) =>
        [
            .. UnixSocketReplies.Socket(n, 1, Path, file.Inode, file.Device, state: 10, sendQueue: 5),
            .. UnixSocketReplies.Socket(n, 2, Path, file.Inode, file.Device),
        ];
        byte[] Theirs(uint n) =>
        [
            .. UnixSocketReplies.Socket(n, 3, Path, file: 1, device: 2),
            .. UnixSocketReplies.Socket(n, 4, Path, file: 1, device: 2),
            .. UnixSocketReplies.Socket(n, 5, Path, file: 1, device: 2, state: 10, sendQueue: 7),
            .. UnixSocketReplies.Socket(n, 6, name: null),
            .. UnixSocketReplies.Socket(n, 7, "/run/other", file: 3),
        ];

        Assert.Equal([new UnixSocketCounts(Path, 1, new AcceptQueue(0, 5))], Counts(Scripted(n => [.. Theirs(n), .. Ours(n), .. Replies.Done(n)])));
        Assert.Equal([new UnixSocketCounts(Path, 2, new AcceptQueue(0, 7))], Counts(Scripted(n => [.. Theirs(n), .. Replies.Done(n)])));
    }

    [Fact]
    public void Incomplete_dump_is_repeated_from_the_start()
    {
        int attempts = 0;
        NamespaceCounts found = Scripted(n => attempts++ == 0
            ? [.. UnixSocketReplies.Socket(n, 1, Path), .. UnixSocketReplies.Socket(n, 2, Path, flags: Replies.Multi | Replies.DumpInterrupted)]
            : [.. UnixSocketReplies.Socket(n, 1, Path), .. Replies.Done(n)]);
        Assert.Equal([new UnixSocketCounts(Path, 1, AcceptQueue: null)], Counts(found));
    }

    [Fact]
    public void Missing_module_is_a_failed_census_with_advice()
    {
        const int ENOENT = 2;
        NamespaceCounts failed = Scripted(n => Replies.Error(n, ENOENT));
        Assert.Contains("modprobe unix_diag", failed.Failure);
        Assert.Empty(failed.UnixSockets);
    }

    /// <summary>The counts, without the file at the path.</summary>
    private static IEnumerable<UnixSocketCounts> Counts(NamespaceCounts found) => found.UnixSockets.Select(counts => counts with { File = null });

    private static Watch WatchOf(string name, params string[] paths) => new(name, []) { UnixSockets = [.. paths] };

    private static Census CensusOf(TestNamespace host, SocketFilter? filter, bool keepsPeaks, params Watch[] watches) =>
        new(new WatchedNamespace(NetworkNamespace.Parse(host.Path), null, [.. watches]), TimeProvider.System, keepsPeaks, filter);

    private NamespaceCounts Take(params Watch[] watches) => Take(_host, null, watches);

    private static NamespaceCounts Take(TestNamespace host, SocketFilter? filter, params Watch[] watches)
    {
        using Census census = CensusOf(host, filter, keepsPeaks: false, watches);
        NamespaceCounts found = census.Take();
        Assert.Null(found.Failure);
        return found;
    }

    /// <summary>One census of a scripted kernel, with the same reply for each dump.</summary>
    private NamespaceCounts Scripted(Func<uint, byte[]> reply)
    {
        using Census census = new(
            new SockDiagClient(() => new ScriptedKernel().ForEver(reply), TimeProvider.System),
            new WatchedNamespace(null, null, [WatchOf("a", Path)]), TimeProvider.System, keepsPeaks: false);
        return census.Take();
    }
}
