using System.Globalization;

namespace Agent.Tests.Faults;

/// <summary>What a run with random faults is given from outside, and what it tells of itself.</summary>
internal static class FaultRun
{
    /// <summary>A source of randomness that AGENT_FAULT_SEED repeats; another one at each run otherwise.</summary>
    internal static Random Random()
    {
        int seed = Number("AGENT_FAULT_SEED") ?? System.Random.Shared.Next();
        WriteLine($"AGENT_FAULT_SEED={seed} repeats this run");
        return new Random(seed);
    }

    /// <summary>How many rounds to go; AGENT_FAULT_ROUNDS asks for more than the usual ones.</summary>
    internal static int Rounds(int usual) => Number("AGENT_FAULT_ROUNDS") ?? usual;

    /// <summary>A line of the test's output, which is shown where it fails.</summary>
    internal static void WriteLine(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
