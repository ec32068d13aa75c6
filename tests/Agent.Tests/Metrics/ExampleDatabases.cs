using Agent.Limits;
using Agent.Postgres;
using Agent.Readings;
using Agent.Watching;

namespace Agent.Tests.Metrics;

/// <summary>Example readings of databases.</summary>
internal static class ExampleDatabases
{
    private static readonly DateTimeOffset Moment = new(2030, 1, 2, 3, 4, 5, 250, TimeSpan.Zero);

    internal static readonly Query Holes = new("holes", "Holes of all \"courses\"", QueryType.Gauge, "SELECT 1") { Labels = ["location", "kind"] };
    internal static readonly Query Rounds = new("rounds_total", "Rounds", QueryType.Counter, "SELECT 1");
    internal static readonly Query Waits = new("waits_seconds", "Waits", QueryType.Histogram, "SELECT 1") { Labels = ["course"], SumField = "sum" };
    internal static readonly Query Sizes = new("sizes", "Sizes", QueryType.Histogram, "SELECT 1");
    internal static readonly Query Throws = new("throws_metres", "Throws", QueryType.Summary, "SELECT 1") { Labels = ["course"] };

    /// <summary>The first database of a server, with everything that there can be.</summary>
    internal static readonly DatabaseReading Good = new(Database("db1", Holes, Rounds, Waits, Sizes, Throws))
    {
        Duration = TimeSpan.FromMilliseconds(12.5),
        ScrapeSucceeded = false,
        Errors = [.. Enum.GetValues<ErrorType>().Select(type => new ErrorCount(type, 1 + (int)type))],
        Login = new LoginTest(TimeSpan.FromMilliseconds(8), null, null),
        Limits = new ServerLimits(100, 3, 2),
        Use = new ServerUse("db1") { Used = 6, UsableLimit = 95 },
        Statistics = new DatabaseStatistics("15.18", "primary", IsRestricted: false, ActiveConnections: 2)
        {
            Databases =
            [
                new DatabaseUse("courses") { SizeBytes = 8_000_000_000, IdleInTransactionSeconds = 31.5, TransactionSeconds = 60, Limit = 50 },
                new DatabaseUse("hidden"),
            ],
            Server = new ServerStatistics(6)
            {
                States = [new StateCount("courses", "active", 2), new StateCount("courses", "idle in transaction", 1), new StateCount("postgres", "idle", 3)],
                LimitedRoles = [new RoleUse("billing", 1, 10)],
                Clients = [new ClientUse("192.0.2.7", 5), new ClientUse("unix", 1)],
                WithoutBackend = [new WithoutBackend("postgres", 19)],
            },
        },
        Queries =
        [
            Result(Holes, new QuerySample(["a \"b\"\\\n", ""], 18), new QuerySample(["c", "x"], double.PositiveInfinity)),
            Result(Rounds, new QuerySample([], 7)),
            Result(
                Waits,
                new QuerySample(["a"], 1_234_567.5)
                {
                    Buckets = [(1e-5, 0), (0.001, 1), (0.5, 3), (1, 3), (1e6, 4), (double.PositiveInfinity, 12_345_678_901)],
                },
                new QuerySample(["} 1\n"], 0) { Buckets = [(1, 0), (double.PositiveInfinity, 0)] }),
            Result(Sizes, new QuerySample([], double.NaN) { Buckets = [(-1, 1), (0, 1), (double.PositiveInfinity, 2)] }),
            Result(
                Throws,
                new QuerySample(["a"], 250.5) { Buckets = [(0.5, 40), (0.99, double.PositiveInfinity), (1, double.NaN)], Count = 5 },
                new QuerySample(["b"], double.NaN) { Buckets = [(0.5, 41)] }),
        ],
    };

    /// <summary>Another database of the same server, with a query that failed and one that has not run yet.</summary>
    internal static readonly DatabaseReading Second = new(Database("db2", Holes, Rounds))
    {
        Duration = TimeSpan.FromMilliseconds(7.5),
        ScrapeSucceeded = true,
        Errors = [new ErrorCount(ErrorType.Query, 3)],
        Login = new LoginTest(TimeSpan.FromMilliseconds(9), null, null),
        Use = Good.Use,
        Statistics = new DatabaseStatistics("15.18", "primary", IsRestricted: true, ActiveConnections: 0) { Databases = [new DatabaseUse("scores") { SizeBytes = 1 }] },
        Queries =
        [
            new QueryReading(Holes, new DatabaseError(ErrorType.Query, "no"), TimeSpan.FromMilliseconds(1)) { LastSuccess = Moment, IsQuarantined = true },
            new QueryReading(Rounds, null, TimeSpan.Zero),
        ],
    };

    /// <summary>A database that does not answer.</summary>
    internal static readonly DatabaseReading Down = new(Database("db3", Holes))
    {
        Duration = TimeSpan.FromSeconds(5),
        Failure = "no",
        ScrapeSucceeded = false,
        Errors = [new ErrorCount(ErrorType.Refused, 4)],
        IsQuarantined = true,
        Login = new LoginTest(TimeSpan.FromSeconds(5), new DatabaseError(ErrorType.Refused, "no"), null),
        Limits = new ServerLimits(100, 3, 0),
        Use = new ServerUse("db3") { Problem = "no" },
        Queries = [new QueryReading(Holes, null, TimeSpan.FromMilliseconds(1)) { LastSuccess = Moment }],
    };

    /// <summary>The same, because the server is full.</summary>
    internal static readonly DatabaseReading Full = Down with
    {
        Login = new LoginTest(TimeSpan.FromMilliseconds(5), new DatabaseError(ErrorType.Full, "sorry, too many clients already"), FullScope.Server),
        IsQuarantined = false,
    };

    internal static Snapshot SnapshotOf(params DatabaseReading[] readings) => new([]) { View = StoreView.Of(readings) };

    internal static QueryReading Result(Query query, params QuerySample[] samples) =>
        new(query, null, TimeSpan.FromMilliseconds(2.5)) { LastSuccess = Moment, Samples = [.. samples], Series = samples.Length };

    internal static Database Database(string name, params Query[] queries) =>
        new(name, new DatabaseLogin("127.0.0.1", 5432, name, "agent")) { Queries = [.. queries] };
}
