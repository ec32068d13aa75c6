namespace Testing;

/// <summary>Measures the allocations of this thread.</summary>
internal static class Allocations
{
    private const int Rounds = 10;

    /// <summary>Checks that an action allocates nothing in at least one of several rounds. In the others, the runtime may allocate when it recompiles hot code.</summary>
    internal static void AreNone(Action action)
    {
        long least = long.MaxValue;
        for (int round = 0; round < Rounds && least != 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }
}
