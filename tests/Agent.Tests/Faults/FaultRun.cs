using System.Globalization;

namespace Agent.Tests.Faults;

/// <summary>The environment variables and the output of tests with random faults.</summary>
internal static class FaultRun
{
    /// <summary>A generator of random numbers with the seed AGENT_FAULT_SEED, or with another seed in each run.</summary>
    internal static Random Random()
    {
        int seed = Number("AGENT_FAULT_SEED") ?? System.Random.Shared.Next();
        WriteLine($"AGENT_FAULT_SEED={seed} repeats this run");
        return new Random(seed);
    }

    /// <summary>The number of rounds: AGENT_FAULT_ROUNDS, or the usual number.</summary>
    internal static int Rounds(int usual) => Number("AGENT_FAULT_ROUNDS") ?? usual;

    /// <summary>Writes a line to the output of the test, which is shown if the test fails.</summary>
    internal static void WriteLine(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
