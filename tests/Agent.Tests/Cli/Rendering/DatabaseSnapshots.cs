using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using Agent.Limits;
using Agent.Postgres;
using Agent.Readings;
using Agent.Watching;
using Agent.Workloads;

namespace Agent.Tests.Cli.Rendering;

/// <summary>Snapshots with databases to render.</summary>
internal static class DatabaseSnapshots
{
    internal const string FullReason = "sorry, too many clients already";

    private static readonly Threshold Percent80 = new(80, IsShare: true);
    private static readonly Threshold Percent95 = new(95, IsShare: true);

    internal static readonly Watch Postgres = new("postgres", [9000]) { Database = "db1", Warning = Percent80, Critical = Percent95 };

    private static readonly Database First = new("db1", new DatabaseLogin("127.0.0.1", 5432, "app", "agent"));
    private static readonly Database Second = new("db2", new DatabaseLogin("/run/postgresql", 5433, "db2", "agent"));
    private static readonly Database Third = new("db3", new DatabaseLogin("db3.example", 5432, "db3", "agent"));

    /// <summary>A server with everything, one that is full, one that is down, and the processes of the first one's clients.</summary>
    internal static readonly Snapshot All = Of(
        Postgres,
        Judged(new ServerUse("db1") { Used = 15, UsableLimit = 17 }, Percent80, Percent95),
        [
            Busy(),
            Failed(Second, new ServerUse("db2") { FullReason = FullReason }),
            Failed(Third, new ServerUse("db3") { Problem = "database db3: no answer from db3.example:5432 within 5 s" }),
            Owners(),
        ]);

    /// <summary>A watch of the server of db1, without <c>--databases</c>.</summary>
    internal static Snapshot Watched(ServerUse use, Watch? watch = null, params ReadOnlySpan<(string Address, int Held)> clients)
    {
        WatchCounts counts = Snapshots.Of(watch ?? Postgres, clients).Namespaces[0].Watches[0];
        return Snapshots.Of(counts with { Server = use });
    }

    internal static ImmutableArray<ServerJudgement> Judged(ServerUse use, Threshold? warning, Threshold? critical) =>
        [new ServerJudgement(use, warning is not null || critical is not null) { Warning = warning, Critical = critical, IsRequired = true }];

    private static Snapshot Of(Watch watch, ImmutableArray<ServerJudgement> databases, Reading[] readings)
    {
        Snapshot counted = Snapshots.Of(watch, ("127.0.0.1", 16), ("192.0.2.7", 2));
        StoreView view = StoreView.Of([.. counted.Namespaces, .. readings]);
        ServerJudgement first = databases[0];
        return Snapshot.Of(view) with
        {
            Databases = [first, first with { Use = ServerUse.Of("db2", view) }, first with { Use = ServerUse.Of("db3", view) }],
        };
    }

    private static DatabaseReading Busy()
    {
        ServerSession[] sessions =
        [
            .. Sessions(6, "app", "billing", "idle in transaction", "127.0.0.1", 40000),
            .. Sessions(2, "app", "billing", "active", "127.0.0.1", 40100),
            .. Sessions(3, "app", "web \e[31m", "idle", "192.0.2.7", 40200),
            .. Sessions(2, "reports", "web \e[31m", "active", "127.0.0.1", 40300),
            new ServerSession("app", "agent", "active", new IPEndPoint(IPAddress.Loopback, 40400)) { Application = "connection-agent", TransactionSeconds = 0.01 },
            new ServerSession("app", "backup", "active", null) { Application = "pg_dump\n", TransactionSeconds = 4000.5 },
        ];
        return new DatabaseReading(First)
        {
            Duration = TimeSpan.FromMilliseconds(12),
            Use = new ServerUse("db1") { Used = 15, UsableLimit = 17 },
            Limits = new ServerLimits(20, 3, 0),
            Login = new LoginTest(TimeSpan.FromMilliseconds(8), null, null),
            Statistics = new DatabaseStatistics("15.18", "primary", IsRestricted: false, ActiveConnections: 4)
            {
                Databases =
                [
                    new DatabaseUse("app") { SizeBytes = 123_456_789, TransactionSeconds = 4000.5, IdleInTransactionSeconds = 75.25, Limit = 14 },
                    new DatabaseUse("postgres") { SizeBytes = null, TransactionSeconds = 0, IdleInTransactionSeconds = 0 },
                    new DatabaseUse("reports") { SizeBytes = 9000, TransactionSeconds = 3, IdleInTransactionSeconds = 0 },
                ],
                Server = new ServerStatistics(15)
                {
                    States = [new("app", "idle in transaction", 6), new("app", "idle", 3), new("app", "active", 4), new("reports", "active", 2)],
                    LimitedRoles = [new RoleUse("billing", 8, 10)],
                    Clients = [new ClientUse("127.0.0.1", 11), new ClientUse("192.0.2.7", 3)],
                    WithoutBackend = [new WithoutBackend("postgres", 3)],
                    Sessions = [.. sessions],
                },
            },
        };
    }

    private static DatabaseReading Failed(Database database, ServerUse use) =>
        new(database) { Duration = TimeSpan.Zero, Failure = use.Reason, Use = use };

    /// <summary>billing.service in two processes that share a socket, a process without a unit, one that is not seen; the rest is elsewhere.</summary>
    private static SessionReading Owners()
    {
        LocalProcess[] billing = [Process(4711, "python3", new Workload("billing.service", null, null)), Process(4712, "python3", new Workload("billing.service", null, null))];
        LocalProcess psql = Process(5000, "psql", Workload.Unknown);
        Dictionary<SessionClient, IReadOnlyList<LocalProcess>> owners = [];
        for (int i = 0; i < 6; i++)
        {
            owners.Add(Client(40000 + i), i == 0 ? billing : [billing[0]]);
        }

        owners.Add(Client(40100), [billing[0]]);
        owners.Add(Client(40101), [psql]);
        owners.Add(Client(40300), []);
        owners.Add(Client(40400), [Process(6000, "agent", new Workload("agent.service", null, null))]);
        return new SessionReading("db1", owners.ToFrozenDictionary(), Hidden: 7) { Duration = TimeSpan.Zero };
    }

    private static LocalProcess Process(int id, string command, Workload workload) => new(id, command, workload);

    private static SessionClient Client(int port) => SessionClient.Of(new IPEndPoint(IPAddress.Loopback, port));

    private static IEnumerable<ServerSession> Sessions(int count, string database, string role, string state, string address, int port) =>
        Enumerable.Range(port, count).Select(each => new ServerSession(database, role, state, new IPEndPoint(IPAddress.Parse(address), each)));
}
