using System.Net;
using Agent.Limits;
using Agent.Watching;
using Netlink.SockDiag;

namespace Agent.Tests.Metrics;

/// <summary>Example results of censuses.</summary>
internal static class ExampleSnapshots
{
    private static readonly NamespaceCounts Main = new()
    {
        Duration = TimeSpan.FromMicroseconds(250),
        LastSuccess = new DateTimeOffset(2030, 1, 2, 3, 4, 5, 250, TimeSpan.Zero),
        Ports =
        [
            new PortCounts(8500, Ipv4: 200, Ipv6: 0, Unaccepted: 7, new AcceptQueue(7, 4096)) { Dead = 5, Drops = 17 },
            new PortCounts(8501, Ipv4: 3, Ipv6: 4, Unaccepted: 0, AcceptQueue: null),
        ],
        UnixSockets = [new UnixSocketCounts("/run/a.sock", Accepted: 0, new AcceptQueue(1, 5)), new UnixSocketCounts("/run/b.sock", Accepted: 2, AcceptQueue: null)],
        Watches =
        [
            new WatchCounts(
                new Watch("consul", [8500, 8501])
                {
                    Limit = new ClientLimit(200, "consul at x") { Refusal = Refusal.No },
                    TotalLimit = new TotalLimit(1000, "--total-limit"),
                },
                Held: 203, Clients: 3, Highest: 160, Peak: 199,
                [Client("192.0.2.7", 160), Client("127.0.0.1", 42), Client("2001:db8::1", 1)])
            {
                Dead = 5,
                OpenFiles = new OpenFiles(260, 1024, 4711),
            },
            new WatchCounts(new Watch("idle", [9000]), Held: 0, Clients: 0, Highest: 0, Peak: null, []),
        ],
    };

    private static readonly NamespaceCounts Uncounted = new()
    {
        Duration = TimeSpan.FromMicroseconds(250),
        LastSuccess = null,
        Failure = "no",
    };

    internal static readonly Snapshot Good = new([Main]);

    internal static readonly Snapshot Failed = new([Uncounted]);

    // Two namespaces with the same port and the same client, and a third that cannot be counted.
    internal static readonly Snapshot Several = new(
    [
        Main,
        new NamespaceCounts
        {
            Netns = "/run/\"x\"",
            Duration = TimeSpan.FromMicroseconds(125),
            LastSuccess = Main.LastSuccess,
            Ports = [new PortCounts(8500, Ipv4: 1, Ipv6: 2, Unaccepted: 0, new AcceptQueue(0, 128))],
            Watches = [new WatchCounts(new Watch("other", [8500]), Held: 3, Clients: 1, Highest: 3, Peak: 3, [Client("192.0.2.7", 3)])],
        },
        new NamespaceCounts { Netns = "gone", Duration = TimeSpan.FromMicroseconds(50), LastSuccess = Main.LastSuccess, Failure = "no" },
    ]);

    /// <summary>A copy of a snapshot with another limit for all watches.</summary>
    internal static Snapshot WithLimit(Snapshot snapshot, ClientLimit limit) => snapshot with
    {
        Namespaces = [.. snapshot.Namespaces.Select(found => found with
        {
            Watches = [.. found.Watches.Select(counts => counts with { Limit = limit })],
        })],
    };

    internal static ClientCount Client(string address, int held)
    {
        byte[] bytes = IPAddress.Parse(address).GetAddressBytes();
        return new ClientCount(new Client(bytes.Length == 4 ? InetAddress.FromIPv4(bytes) : InetAddress.FromIPv6(bytes)), held);
    }
}
