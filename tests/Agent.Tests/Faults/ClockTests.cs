namespace Agent.Tests.Faults;

/// <summary>The agent while the wall clock changes: only the published times change.</summary>
public sealed class ClockTests
{
    [Fact]
    public async Task Clock_that_is_set_changes_the_published_time_and_no_census()
    {
        await using ScriptedLoop loop = new();
        loop.Kernel.Behave(KernelBehavior.Holding(5));
        int censuses = 1;
        Check(loop, await loop.Start(), censuses);

        foreach (TimeSpan step in (TimeSpan[])[-TimeSpan.FromHours(1), TimeSpan.FromDays(1), -TimeSpan.FromDays(1), TimeSpan.FromHours(1)])
        {
            loop.Time.Wall += step;
            for (int tick = 0; tick < 5; tick++)
            {
                Check(loop, await loop.Tick(), ++censuses);
            }
        }
    }

    [Fact]
    public async Task Clock_that_starts_in_1970_does_not_affect_the_counts()
    {
        await using ScriptedLoop loop = new();
        loop.Kernel.Behave(KernelBehavior.Holding(5));
        DateTimeOffset today = loop.Time.Wall;
        loop.Time.Wall = DateTimeOffset.UnixEpoch;
        Check(loop, await loop.Start(), 1);
        Check(loop, await loop.Tick(), 2);
        loop.Time.Wall = today;
        Check(loop, await loop.Tick(), 3);
    }

    private static void Check(ScriptedLoop loop, string text, int censuses)
    {
        ExpositionText.CheckConnections(text, 5);
        Assert.Contains($"\nsockdiag_census_last_success_timestamp_seconds {loop.Time.Wall.ToUnixTimeMilliseconds() / 1000.0}\n", text);
        Assert.Contains("\nsockdiag_census_last_duration_seconds 0\n", text);
        Assert.Equal(censuses, loop.Kernel.Requests);
        Assert.Empty(loop.Lines);
    }
}
