using Agent.Limits;
using Agent.Watching;

namespace Agent.Tests.Watching;

/// <summary>The state of a watch with a limit per client, a total limit, or both, and the one of the two that a check line reports.</summary>
public sealed class WatchStateTests
{
    private const string Client = "client";
    private const string Total = "total";

    [Theory]
    // A limit per client only.
    [InlineData("200", null, "80%", "95%", 159, 900, "Fine", Client)]
    [InlineData("200", null, "80%", "95%", 160, 900, "Warning", Client)]
    [InlineData("200", null, "160", "190", 190, 900, "Critical", Client)]
    [InlineData("200", null, "300", null, 200, 900, "Critical", Client)]
    [InlineData("200", null, "80%", null, 200, 900, "Critical", Client)]
    // No limit at all: a number judges the client.
    [InlineData("none", null, "160", "190", 160, 900, "Warning", Client)]
    [InlineData("none", null, "160", "190", 159, 900, "Fine", Client)]
    // A total limit only: percentages and numbers judge the total.
    [InlineData("none", 1000, "80%", "95%", 5, 799, "Fine", Total)]
    [InlineData("none", 1000, "80%", "95%", 5, 800, "Warning", Total)]
    [InlineData("none", 1000, "80%", "95%", 5, 950, "Critical", Total)]
    [InlineData("none", 1000, "800", "950", 799, 799, "Fine", Total)]
    [InlineData("none", 1000, "800", "950", 5, 800, "Warning", Total)]
    [InlineData("none", 1000, "800", "950", 5, 950, "Critical", Total)]
    [InlineData("none", 1000, "800", "95%", 5, 950, "Critical", Total)]
    // At the total limit, with any threshold.
    [InlineData("none", 1000, "2000", null, 5, 999, "Fine", Total)]
    [InlineData("none", 1000, "2000", null, 5, 1000, "Critical", Total)]
    [InlineData("none", 1000, "80%", null, 5, 1000, "Critical", Total)]
    [InlineData("200", 1000, "190", null, 5, 1000, "Critical", Total)]
    // Both, with percentages: each number against its own limit.
    [InlineData("200", 1000, "80%", "95%", 159, 799, "Fine", Total)]
    [InlineData("200", 1000, "80%", "95%", 160, 799, "Warning", Client)]
    [InlineData("200", 1000, "80%", "95%", 159, 800, "Warning", Total)]
    [InlineData("200", 1000, "80%", "95%", 190, 800, "Critical", Client)]
    [InlineData("200", 1000, "80%", "95%", 160, 950, "Critical", Total)]
    [InlineData("200", 1000, "80%", "95%", 170, 820, "Warning", Client)]
    [InlineData("200", 1000, "80%", "95%", 164, 830, "Warning", Total)]
    // Both, with numbers: the client is judged and reported, also where the total is closer.
    [InlineData("200", 1000, "160", "190", 100, 900, "Fine", Client)]
    [InlineData("200", 1000, "160", "190", 160, 900, "Warning", Client)]
    [InlineData("200", 1000, "160", "190", 190, 190, "Critical", Client)]
    // A number and a percentage: the number judges the client, the percentage both.
    [InlineData("200", 1000, "160", "95%", 160, 100, "Warning", Client)]
    [InlineData("200", 1000, "160", "95%", 100, 950, "Critical", Total)]
    // Equal shares: the worse state, then the client.
    [InlineData("200", 1000, "80%", "95%", 160, 800, "Warning", Client)]
    [InlineData("200", 1000, "80%", "95%", 20, 100, "Fine", Client)]
    [InlineData("200", 1000, "80%", null, 200, 1000, "Critical", Client)]
    // The limit per client is unknown.
    [InlineData("unknown", 1000, "80%", "95%", 50, 799, "Unknown", Client)]
    [InlineData("unknown", 1000, "80%", "95%", 50, 800, "Unknown", Client)]
    [InlineData("unknown", 1000, "80%", "95%", 50, 950, "Critical", Total)]
    [InlineData("unknown", 1000, "160", "190", 50, 999, "Unknown", Client)]
    [InlineData("unknown", 1000, "160", "190", 190, 500, "Critical", Client)]
    [InlineData("unknown", 1000, "160", "190", 50, 1000, "Critical", Total)]
    [InlineData("unknown", 1000, null, null, 50, 999, "Fine", Total)]
    // The service refuses the agent's address.
    [InlineData("refused", 1000, "80%", "95%", 50, 100, "Critical", Client)]
    [InlineData("refused", 1000, "80%", "95%", 50, 950, "Critical", Total)]
    // The limit per client is only assumed: thresholds judge it, and a client at it is not critical by itself.
    [InlineData("assumed", 1000, "80%", "95%", 160, 100, "Warning", Client)]
    [InlineData("assumed", 1000, "300", null, 200, 999, "Fine", Client)]
    [InlineData("assumed", 1000, "300", null, 200, 1000, "Critical", Total)]
    // The service answered that there is no limit per client. A number still judges the client.
    [InlineData("answered none", 1000, "160", "190", 160, 900, "Warning", Client)]
    [InlineData("answered none", 1000, "80%", "95%", 160, 900, "Warning", Total)]
    // Without thresholds nothing is judged; the larger share is reported.
    [InlineData("200", 1000, null, null, 200, 1000, "Fine", Client)]
    [InlineData("200", 1000, null, null, 100, 501, "Fine", Total)]
    [InlineData("none", 1000, null, null, 5, 5, "Fine", Total)]
    [InlineData("none", null, null, null, 5, 5, "Fine", Client)]
    public void Closer_limit_decides_the_state(
        string limit, int? totalLimit, string? warning, string? critical, int highest, long held, string state, string reported)
    {
        WatchCounts counts = Counts(limit, totalLimit, warning, critical, highest, held);
        Assert.Equal((state, reported), (counts.State.ToString(), counts.IsTotalCloser ? Total : Client));
        // Numbers that may be too low are judged as they are.
        Assert.Equal(counts.State, (counts with { IsMinimum = true }).State);
    }

    [Fact]
    public void Shares_of_the_largest_limits_are_compared_without_overflow()
    {
        WatchCounts counts = Counts("2147483647", int.MaxValue, null, null, int.MaxValue - 1, long.MaxValue);
        Assert.True(counts.IsTotalCloser);
    }

    [Theory]
    [InlineData("200", 1000, "80%", 160, 800)]
    [InlineData("200", 1000, "160", 160, null)]
    [InlineData("none", 1000, "80%", null, 800)]
    [InlineData("none", 1000, "160", null, 160)]
    [InlineData("200", null, "80%", 160, null)]
    [InlineData("none", null, "160", 160, null)]
    [InlineData("unknown", 1000, "80%", null, 800)]
    [InlineData("unknown", 1000, "160", 160, null)]
    [InlineData("200", 1000, null, null, null)]
    public void Threshold_applies_to_the_numbers_that_it_judges(string limit, int? totalLimit, string? threshold, int? client, int? total)
    {
        WatchCounts counts = Counts(limit, totalLimit, threshold, critical: null, highest: 0, held: 0);
        Assert.Equal(client, counts.Watch.ClientConnectionsAt(counts.Watch.Warning, counts.Limit.Value));
        Assert.Equal(total, counts.Watch.TotalConnectionsAt(counts.Watch.Warning));
    }

    private static WatchCounts Counts(string limit, int? totalLimit, string? warning, string? critical, int highest, long held)
    {
        (ClientLimit configured, ClientLimit inForce) = limit switch
        {
            "none" => Both(new ClientLimit(null, "--limit")),
            "assumed" => Both(new ClientLimit(200, ClientLimit.Assumed)),
            "unknown" => (ClientLimit.NotAsked, ClientLimit.Unknown("consul at x", "no answer", Refusal.Unknown)),
            "refused" => (ClientLimit.NotAsked, ClientLimit.Unknown("consul at x", "429", Refusal.Yes)),
            "answered none" => (ClientLimit.NotAsked, new ClientLimit(null, "consul at x") { Refusal = Refusal.No }),
            _ => Both(new ClientLimit(int.Parse(limit, null), "--limit")),
        };
        Watch watch = new("web", [80])
        {
            Limit = configured,
            TotalLimit = totalLimit is { } total ? new TotalLimit(total, "--total-limit") : null,
            Warning = warning is null ? null : Threshold.Parse(warning),
            Critical = critical is null ? null : Threshold.Parse(critical),
        };
        return new WatchCounts(watch, held, Clients: 1, highest, Peak: null, []) { Limit = inForce };
    }

    private static (ClientLimit, ClientLimit) Both(ClientLimit limit) => (limit, limit);
}
