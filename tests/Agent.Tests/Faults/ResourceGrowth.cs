namespace Agent.Tests.Faults;

/// <summary>Repeats an action very often and checks that it releases its resources. For tests that run alone.</summary>
internal static class ResourceGrowth
{
    private const long ManagedSlack = 256 * 1024;
    private const long ResidentSlackKiB = 16 * 1024;

    // Slack for the runtime: threads of the pool and files of the test host come and go. A census with a leak would leave thousands.
    private const int ThreadSlack = 8;
    private const int DescriptorSlack = 8;
    private const int Collections = 100;

    /// <param name="warmUp">The number of repetitions before the measurement.</param>
    /// <param name="censuses">The number of repetitions during the measurement.</param>
    /// <param name="census">The action, called with the number of the repetition.</param>
    internal static void AssertNone(int warmUp, int censuses, Action<int> census)
    {
        int collectEvery = censuses / Collections;
        Repeat(warmUp, collectEvery, census);
        ProcessResources before = ProcessResources.Take();
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        Repeat(censuses, collectEvery, census);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        ProcessResources after = ProcessResources.Take();
        FaultRun.WriteLine($"{censuses} censuses, {allocated / censuses} bytes of garbage each");
        FaultRun.WriteLine($"before {before}");
        FaultRun.WriteLine($"after  {after}");
        Assert.True(after.ManagedBytes - before.ManagedBytes < ManagedSlack, $"managed memory: {before}, then {after}");
        Assert.True(after.ResidentKiB - before.ResidentKiB < ResidentSlackKiB, $"resident memory: {before}, then {after}");
        Assert.True(after.Threads - before.Threads < ThreadSlack, $"threads: {before}, then {after}");
        Assert.True(after.Descriptors - before.Descriptors < DescriptorSlack, $"descriptors: {before}, then {after}");
    }

    private static void Repeat(int censuses, int collectEvery, Action<int> census)
    {
        for (int i = 0; i < censuses; i++)
        {
            census(i);
            if (i % collectEvery == 0)
            {
                // Otherwise the runtime collects only when garbage fills the processor's cache, which may be hundreds of megabytes, and a
                // thread reserves memory 8 KiB at a time. This is not a leak, and its size depends on the machine.
                GC.Collect(0);
            }
        }
    }
}
