namespace Agent.Tests.Faults;

/// <summary>Does something very often, and shows that whatever it took is given back. For tests that run alone.</summary>
internal static class ResourceGrowth
{
    private const long ManagedSlack = 256 * 1024;
    private const long ResidentSlackKiB = 16 * 1024;

    // Of the runtime's own: its thread pool and what the test's host reads and writes come and go. A census that leaked would leave thousands.
    private const int ThreadSlack = 8;
    private const int DescriptorSlack = 8;
    private const int Collections = 100;

    /// <param name="warmUp">How often it is done before anything is measured.</param>
    /// <param name="censuses">How often it is done then.</param>
    /// <param name="census">What is done, with its number.</param>
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
                // The runtime lets garbage lie until it fills the processor's cache, which may be hundreds of megabytes, and a thread takes its
                // garbage 8 KiB at a time: that is not a leak, and its size is the machine's.
                GC.Collect(0);
            }
        }
    }
}
