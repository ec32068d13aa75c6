using Testing;

namespace Agent.Tests.Faults;

/// <summary>Censuses on a kernel that hangs, floods, or sends false or too few replies: there is no count while it does, and the right one afterwards.</summary>
public sealed class ScriptedKernelTests
{
    private const int Ticks = 200;

    public static TheoryData<string> Faults => [.. KernelBehavior.Faulty.Keys];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Faulty_kernel_gives_no_count_and_a_recovered_kernel_the_right_one(string fault)
    {
        await using ScriptedLoop loop = new(new ManualTime());
        loop.Kernel.Behave(KernelBehavior.Holding(5));
        string good = await loop.Start();
        ExpositionText.CheckConnections(good, 5);

        loop.Kernel.Behave(KernelBehavior.Faulty[fault]);
        for (int tick = 0; tick < 3; tick++)
        {
            CheckAbsent(await loop.Tick());
            Assert.StartsWith("Error: cannot measure: ", Assert.Single(loop.Lines));
        }

        loop.Kernel.Behave(KernelBehavior.Holding(6));
        ExpositionText.CheckConnections(await loop.Tick(), 6);
        ExpositionText.CheckConnections(await loop.Tick(), 6);
        Assert.Equal("Information: can measure again", Assert.Single(loop.Lines.Skip(1)));
        Assert.Equal(1, loop.Kernel.Open);
    }

    [Fact]
    public async Task Kernel_that_changes_at_random_is_logged_once_at_each_change_and_leaves_no_old_count()
    {
        Random random = FaultRun.Random();
        KernelBehavior[] faulty = [.. KernelBehavior.Faulty.Values];
        await using ScriptedLoop loop = new(new ManualTime());
        loop.Kernel.Behave(KernelBehavior.Holding(1));
        await loop.Start();

        bool wasGood = true;
        int changes = 0;
        for (int tick = 0; tick < Ticks; tick++)
        {
            // A change is less likely, so that there are phases of several ticks.
            bool isGood = random.Next(3) == 0 ? !wasGood : wasGood;
            int connections = random.Next(50);
            loop.Kernel.Behave(isGood ? Good(random, connections) : faulty[random.Next(faulty.Length)]);
            string text = await loop.Tick();
            changes += isGood == wasGood ? 0 : 1;
            Assert.Equal(changes, loop.Lines.Count);
            if (isGood)
            {
                ExpositionText.CheckConnections(text, connections);
            }
            else
            {
                CheckAbsent(text);
            }

            Assert.InRange(loop.Kernel.Open, 0, 1);
            wasGood = isGood;
        }

        // Failure and recovery alternate, and the first line is a failure.
        Assert.All(
            loop.Lines,
            (line, i) => Assert.StartsWith(i % 2 == 0 ? "Error: cannot measure: " : "Information: can measure again", line));
        FaultRun.WriteLine($"{changes} changes in {Ticks} ticks");
    }

    [Fact]
    public async Task Censuses_that_take_longer_than_the_interval_do_not_queue()
    {
        // The kernel uses the agent's clock: each of these censuses takes half a minute, and the interval is a second.
        await using ScriptedLoop loop = new();
        loop.Kernel.Behave(KernelBehavior.Holding(5));
        await loop.Start();

        loop.Kernel.Behave(KernelBehavior.Faulty["floods"]);
        CheckAbsent(await loop.Tick());
        loop.Kernel.Behave(KernelBehavior.Holding(6));
        ExpositionText.CheckConnections(await loop.Tick(), 6);

        int requests = loop.Kernel.Requests;
        ExpositionText.CheckConnections(await loop.Tick(), 6);
        Assert.Equal(requests + 1, loop.Kernel.Requests);
        Assert.Collection(
            loop.Lines,
            line => Assert.StartsWith("Error: cannot measure: receiving from sock_diag failed: the dump did not end within 30 s", line),
            line => Assert.Equal("Information: can measure again", line));
    }

    private static KernelBehavior Good(Random random, int connections) => random.Next(4) switch
    {
        0 => KernelBehavior.Stumbling(connections, random.Next(1, 3)),
        1 => KernelBehavior.Disturbed(connections),
        _ => KernelBehavior.Holding(connections),
    };

    private static void CheckAbsent(string text)
    {
        Assert.Contains("\nsockdiag_census_success 0\n", text);
        Assert.DoesNotContain("\ntcp_", text);
        // The time of the last successful census.
        Assert.Contains("\nsockdiag_census_last_success_timestamp_seconds ", text);
        Assert.EndsWith("} 1\n", text);
    }
}
