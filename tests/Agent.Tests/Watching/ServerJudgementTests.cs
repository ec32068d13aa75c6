using Agent.Limits;
using Agent.Watching;

namespace Agent.Tests.Watching;

/// <summary>The state of a watch whose server reports its use and its limit, and the limit that a check line reports.</summary>
public sealed class ServerJudgementTests
{
    private const string Client = "client";
    private const string Server = "server";

    [Theory]
    // The use of the server is judged, and not the 900 connections that the kernel counts.
    [InlineData("none", "80%", "95%", 13, 17, null, "Fine", Server)]
    [InlineData("none", "80%", "95%", 14, 17, null, "Warning", Server)]
    [InlineData("none", "80%", "95%", 17, 17, null, "Critical", Server)]
    [InlineData("none", "13", "15", 12, 17, null, "Fine", Server)]
    [InlineData("none", "13", "15", 13, 17, null, "Warning", Server)]
    [InlineData("none", "13", "15", 15, 17, null, "Critical", Server)]
    // At the usable limit and beyond, with any threshold. Superusers go beyond it.
    [InlineData("none", "50", null, 17, 17, null, "Critical", Server)]
    [InlineData("none", "100%", null, 18, 17, null, "Critical", Server)]
    // Refused because it is full, whatever is known.
    [InlineData("none", "80%", null, 3, 17, "full", "Critical", Server)]
    [InlineData("none", "80%", null, null, 17, "full", "Critical", Server)]
    [InlineData("none", "80%", null, null, null, "full", "Critical", Server)]
    [InlineData("none", "900", null, null, null, "full", "Critical", Server)]
    // Unknown, and never OK.
    [InlineData("none", "80%", "95%", null, 17, null, "Unknown", Server)]
    [InlineData("none", "80%", "95%", 5, null, null, "Unknown", Server)]
    [InlineData("none", "13", "15", 5, null, null, "Unknown", Server)]
    [InlineData("none", "13", "15", null, null, null, "Unknown", Server)]
    [InlineData("none", "13", "15", 15, null, null, "Critical", Server)]
    // Without thresholds nothing is judged.
    [InlineData("none", null, null, 17, 17, "full", "Fine", Server)]
    [InlineData("none", null, null, null, null, null, "Fine", Server)]
    // A limit per client beside it: a number judges the client of 50 connections, a percentage both.
    [InlineData("100", "80%", "95%", 13, 17, null, "Fine", Server)]
    [InlineData("100", "80%", "95%", 14, 17, null, "Warning", Server)]
    [InlineData("60", "80%", "95%", 5, 17, null, "Warning", Client)]
    [InlineData("60", "80%", "95%", 14, 17, null, "Warning", Client)]
    [InlineData("100", "50", "60", 5, 17, null, "Warning", Client)]
    [InlineData("100", "60", null, 16, 17, null, "Fine", Client)]
    [InlineData("100", "60", null, 17, 17, null, "Critical", Server)]
    [InlineData("100", "60", null, null, 17, null, "Unknown", Server)]
    [InlineData("50", "80%", null, null, null, null, "Critical", Client)]
    [InlineData("100", null, null, 5, 17, null, "Fine", Client)]
    [InlineData("100", null, null, 15, 17, null, "Fine", Server)]
    public void Use_of_the_server_decides(
        string limit, string? warning, string? critical, int? used, int? usable, string? full, string state, string reported)
    {
        Watch watch = new("postgres", [5432])
        {
            Database = "db1",
            Limit = new ClientLimit(limit == "none" ? null : int.Parse(limit, null), "agent.json:3"),
            Warning = warning is null ? null : Threshold.Parse(warning),
            Critical = critical is null ? null : Threshold.Parse(critical),
        };
        WatchCounts counts = new(watch, Held: 900, Clients: 20, Highest: 50, Peak: null, [])
        {
            Server = new ServerUse("db1") { Used = used, UsableLimit = usable, FullReason = full },
        };
        Assert.Equal((state, reported), (counts.State.ToString(), counts.IsTotalCloser ? Server : Client));
    }

    [Fact]
    public void Watch_whose_database_has_not_answered_is_unknown()
    {
        WatchCounts counts = new(new Watch("postgres", [5432]) { Database = "db1", Warning = Threshold.Parse("80%") }, 1, 1, 1, null, []);
        Assert.Equal((WatchState.Unknown, "database db1 has not answered yet"), (counts.State, counts.Server?.Line));
    }

    [Theory]
    // A database that was asked for by --databases and could not be measured is unknown also without thresholds.
    [InlineData(null, null, null, "Unknown")]
    [InlineData(null, "full", null, "Unknown")]
    [InlineData(5, null, null, "Fine")]
    [InlineData(null, "full", "80%", "Critical")]
    [InlineData(null, null, "80%", "Unknown")]
    [InlineData(14, null, "80%", "Warning")]
    public void Database_that_was_asked_for_counts_for_the_worst_state(int? used, string? full, string? warning, string state)
    {
        ServerUse use = new("db1") { Used = used, UsableLimit = used is null ? null : 17, FullReason = full };
        Snapshot snapshot = new([])
        {
            Databases = [new ServerJudgement(use, warning is not null) { Warning = warning is null ? null : Threshold.Parse(warning), IsRequired = true }],
        };
        Assert.Equal(state, snapshot.WorstState.ToString());
    }
}
