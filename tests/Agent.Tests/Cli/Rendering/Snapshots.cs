using System.Collections.Immutable;
using System.Net;
using System.Text;
using Agent.Cli.Rendering;
using Agent.Limits;
using Agent.Readings;
using Agent.Watching;
using Agent.Workloads;
using Netlink.SockDiag;

namespace Agent.Tests.Cli.Rendering;

/// <summary>Snapshots to render.</summary>
internal static class Snapshots
{
    internal static readonly Watch Consul = new("consul", [8500, 8501]) { Limit = new ClientLimit(200, "default") };

    /// <summary>Clients of each color, one with the longest address, and more clients than are shown.</summary>
    internal static readonly Snapshot Busy = Of(new WatchCounts(
        Consul, Held: 428, Clients: 14, Highest: 192, Peak: null,
        Clients(("192.0.2.7", 192), ("127.0.0.1", 165), ("2001:db8:1111:2222:3333:4444:5555:6666", 42), ("::1", 1))));

    /// <summary>Watches with and without a limit, a listener and clients.</summary>
    internal static readonly Snapshot Several = Of(
        new WatchCounts(
            new Watch("web", [9000]), Held: 7, Clients: 2, Highest: 4, Peak: null, Clients(("192.0.2.7", 4), ("192.0.2.8", 3))),
        new WatchCounts(
            Consul with { Limit = new ClientLimit(200, "--limit"), Warning = new Threshold(160, IsShare: false) },
            Held: 203, Clients: 3, Highest: 160, Peak: null, Clients(("192.0.2.7", 160), ("127.0.0.1", 42), ("::1", 1))),
        new WatchCounts(new Watch("idle [9]", [9001]) { Limit = new ClientLimit(10, "default") }, Held: 0, Clients: 0, Highest: 0, Peak: null, []));

    /// <summary>One watch whose service refuses the agent's own address, and one whose service reported its limit once and no longer replies.</summary>
    internal static readonly Snapshot WithoutAnswers = Of(
        new WatchCounts(
            Consul with
            {
                Limit = ClientLimit.Unknown(
                    "consul at http://127.0.0.1:8500", "consul at http://127.0.0.1:8500 answers 429: this address is at the limit", Refusal.Yes),
                Critical = new Threshold(95, IsShare: true),
            },
            Held: 51, Clients: 2, Highest: 50, Peak: null, Clients(("127.0.0.1", 50), ("192.0.2.8", 1))),
        new WatchCounts(
            new Watch("web", [9000])
            {
                Limit = new ClientLimit(100, "consul at http://web:8500")
                {
                    Problem = "consul at http://web:8500 gave no answer within 2 s",
                },
            },
            Held: 7, Clients: 1, Highest: 7, Peak: null, Clients(("192.0.2.7", 7))));

    /// <summary>Dead connections, numbers that may be too low, total limits, and open files near their limit.</summary>
    internal static readonly Snapshot WithDead = new(
    [
        Counted(
            new WatchCounts(
                Consul with { TotalLimit = new TotalLimit(1000, "--total-limit") }, Held: 812, Clients: 97, Highest: 50, Peak: null,
                [new ClientCount(Address("127.0.0.1"), 50, 40), new ClientCount(Address("192.0.2.7"), 20)])
            {
                Dead = 40,
                OpenFiles = new OpenFiles(900, 1024, 4711),
            },
            new WatchCounts(
                new Watch("web", [9000]) { TotalLimit = new TotalLimit(10, "agent.json:3") },
                Held: 7, Clients: 1, Highest: 7, Peak: null, Clients(("192.0.2.7", 7)))
            {
                Dead = 0,
                OpenFiles = new OpenFiles(1000, 1024, 4712),
            }) with
        {
            Ports =
            [
                new PortCounts(8500, Ipv4: 770, Ipv6: 2, Unaccepted: 0, new AcceptQueue(0, 4096)) { Dead = 40 },
                new PortCounts(9000, Ipv4: 7, Ipv6: 0, Unaccepted: 0, new AcceptQueue(0, 511)) { Dead = 0 },
            ],
            DeadAge = TimeSpan.FromSeconds(7.5),
        },
        Counted(
            new WatchCounts(Consul, Held: 50, Clients: 1, Highest: 50, Peak: null, Clients(("127.0.0.1", 50)))
            {
                IsMinimum = true,
                OpenFiles = new OpenFiles(819, 1024, 4713),
            },
            new WatchCounts(new Watch("idle", [9001]), Held: 0, Clients: 0, Highest: 0, Peak: null, []) { IsMinimum = true }) with
        {
            Netns = "blue",
            DeadProblem = "cannot see all dead connections: the agent needs CAP_SYS_PTRACE",
        },
    ]);

    /// <summary>Clients' ends in every kind of process, in several processes, in none, and in hidden ones.</summary>
    internal static readonly Snapshot WithProcesses = Of(
        new WatchCounts(
            Consul, Held: 207, Clients: 3, Highest: 165, Peak: null,
            Clients(("127.0.0.1", 165), ("192.0.2.7", 41), ("2001:db8:1111:2222:3333:4444:5555:6666", 1))),
        new WatchCounts(new Watch("web", [9000]), Held: 1, Clients: 1, Highest: 1, Peak: null, Clients(("127.0.0.1", 1))),
        new WatchCounts(new Watch("idle", [9001]), Held: 0, Clients: 0, Highest: 0, Peak: null, [])) with
    {
        View = StoreView.Of(new ProcessReading(
            null,
            [
                ("consul", new WatchProcesses(
                    Failure: null,
                    Hidden: 212,
                    [
                        new ClientProcesses(
                            Address("127.0.0.1"), Held: 165,
                            [
                                Process(1234, "consul-template", new Workload("consul-template.service", null, null), 140),
                                Process(20001, "python3", new Workload(null, null, new Container("docker", new string('a', 64))), 9, shared: 2),
                                Process(20002, "python3", new Workload(null, null, new Container("docker", new string('a', 64))), 2, shared: 2),
                                Process(777, @"odd\u001b name", new Workload("app.service", 1000, null), 1),
                                Process(778, "[httpd]", new Workload("httpd.service", null, new Container("systemd-nspawn", "web")), 1),
                                Process(779, null, Workload.Unknown, 1),
                            ],
                            MoreProcesses: 2, Closed: 5, Dead: 0, Unseen: 3, Elsewhere: 1),
                        new ClientProcesses(Address("192.0.2.7"), Held: 41, [], MoreProcesses: 0, Closed: 0, Dead: 0, Unseen: 0, Elsewhere: 41),
                        new ClientProcesses(
                            Address("2001:db8:1111:2222:3333:4444:5555:6666"), Held: 0, [], MoreProcesses: 0, Closed: 0, Dead: 0, Unseen: 0, Elsewhere: 0),
                    ])),
                ("web", new WatchProcesses("Could not find a part of the path '/proc'.", Hidden: 0, [])),
                ("idle", new WatchProcesses(Failure: null, Hidden: 212, [])),
            ])
        { Duration = TimeSpan.Zero }),
    };

    internal static readonly Snapshot Failed = new([new NamespaceCounts
    {
        Duration = TimeSpan.FromMicroseconds(250),
        LastSuccess = null,
        Failure = "opening network namespace 'a|b\nc' failed: No such file or directory",
    }]);

    /// <summary>The main network namespace, one whose census failed, and a third.</summary>
    internal static readonly Snapshot SeveralNamespaces = new(
    [
        .. Of(Consul with { Warning = new Threshold(80, IsShare: true) }, ("192.0.2.7", 165)).Namespaces,
        Failed.Namespaces[0] with { Netns = "gone" },
        Counted(new WatchCounts(
            new Watch("web", [9000]), Held: 7, Clients: 2, Highest: 4, Peak: null, Clients(("192.0.2.7", 4), ("192.0.2.8", 3)))) with { Netns = "blue" },
    ]);

    internal static Snapshot Of(params ReadOnlySpan<WatchCounts> watches) => new([Counted(watches)]);

    /// <summary>One watch and its clients; all are shown.</summary>
    internal static Snapshot Of(Watch watch, params ReadOnlySpan<(string Address, int Held)> clients)
    {
        ImmutableArray<ClientCount> shown = Clients(clients);
        return Of(new WatchCounts(
            watch,
            Held: shown.Sum(client => (long)client.Held),
            Clients: shown.Length,
            Highest: shown.Select(client => client.Held).DefaultIfEmpty().Max(),
            Peak: null,
            shown));
    }

    internal static string Text(ISnapshotFormat format, Snapshot snapshot) => Encoding.UTF8.GetString(format.Render(snapshot).Span);

    private static NamespaceCounts Counted(params ReadOnlySpan<WatchCounts> watches) => new()
    {
        Duration = TimeSpan.FromMicroseconds(250),
        LastSuccess = new DateTimeOffset(2030, 1, 2, 3, 4, 5, 250, TimeSpan.Zero),
        Ports =
        [
            new PortCounts(8500, Ipv4: 400, Ipv6: 43, Unaccepted: 20, new AcceptQueue(20, 4096)),
            new PortCounts(8501, Ipv4: 5, Ipv6: 0, Unaccepted: 0, new AcceptQueue(0, 128)),
            new PortCounts(9000, Ipv4: 7, Ipv6: 0, Unaccepted: 0, AcceptQueue: null),
            new PortCounts(9001, Ipv4: 0, Ipv6: 0, Unaccepted: 0, new AcceptQueue(0, 511)),
        ],
        Watches = [.. watches],
    };

    private static ImmutableArray<ClientCount> Clients(params ReadOnlySpan<(string Address, int Held)> clients)
    {
        ImmutableArray<ClientCount>.Builder counts = ImmutableArray.CreateBuilder<ClientCount>();
        foreach ((string address, int held) in clients)
        {
            counts.Add(new ClientCount(Address(address), held));
        }

        return counts.ToImmutable();
    }

    private static Client Address(string text)
    {
        byte[] bytes = IPAddress.Parse(text).GetAddressBytes();
        return new Client(bytes.Length == 4 ? InetAddress.FromIPv4(bytes) : InetAddress.FromIPv6(bytes));
    }

    private static ProcessConnections Process(int id, string? command, Workload workload, int connections, int shared = 0) =>
        new(new LocalProcess(id, command, workload), connections, shared);
}
