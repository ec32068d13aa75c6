namespace Testing;

/// <summary>Looks at what is allocated on this thread.</summary>
internal static class Allocations
{
    private const int Rounds = 10;

    /// <summary>Shows that something allocates nothing, in one of some rounds: the runtime may, too, when it compiles anew what runs often.</summary>
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
