using System.Runtime;

namespace Agent.Metrics.Endpoint;

/// <summary>
/// Sets the metrics of the .NET runtime. They are read directly: listening to the meter System.Runtime costs more.
/// </summary>
internal sealed class RuntimeMetrics(MetricRegistry registry)
{
    // The large and the pinned object heap count as generations.
    private static readonly string[] Generations = ["gen0", "gen1", "gen2", "loh", "poh"];

    internal void Set()
    {
        Environment.ProcessCpuUsage used = Environment.CpuUsage;
        registry.Set(RuntimeFamilies.CpuTime, used.UserTime.TotalSeconds, "user");
        registry.Set(RuntimeFamilies.CpuTime, used.PrivilegedTime.TotalSeconds, "system");
        if (Environment.WorkingSet is > 0 and var workingSet)
        {
            registry.Set(RuntimeFamilies.WorkingSet, workingSet);
        }

        SetCollections();
        registry.Set(RuntimeFamilies.Allocated, GC.GetTotalAllocatedBytes());
        SetLastCollection(GC.GetGCMemoryInfo());
        registry.Set(RuntimeFamilies.PauseTime, GC.GetTotalPauseDuration().TotalSeconds);
        registry.Set(RuntimeFamilies.CompiledSize, JitInfo.GetCompiledILBytes());
        registry.Set(RuntimeFamilies.CompiledMethods, JitInfo.GetCompiledMethodCount());
        registry.Set(RuntimeFamilies.CompilationTime, JitInfo.GetCompilationTime().TotalSeconds);
        registry.Set(RuntimeFamilies.WorkItems, ThreadPool.CompletedWorkItemCount);
        registry.Set(RuntimeFamilies.QueueLength, ThreadPool.PendingWorkItemCount);
        registry.Set(RuntimeFamilies.LockContentions, Monitor.LockContentionCount);
    }

    private void SetCollections()
    {
        for (int generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            // .NET counts a collection of a generation also for all younger ones.
            int ofOlder = generation == GC.MaxGeneration ? 0 : GC.CollectionCount(generation + 1);
            registry.Set(RuntimeFamilies.Collections, GC.CollectionCount(generation) - ofOlder, Generations[generation]);
        }
    }

    private void SetLastCollection(GCMemoryInfo last)
    {
        if (last.Index == 0)
        {
            return;
        }

        registry.Set(RuntimeFamilies.Committed, last.TotalCommittedBytes);
        ReadOnlySpan<GCGenerationInfo> generations = last.GenerationInfo;
        for (int i = 0; i < Generations.Length; i++)
        {
            registry.Set(RuntimeFamilies.HeapSize, generations[i].SizeAfterBytes, Generations[i]);
            registry.Set(RuntimeFamilies.HeapFragmentation, generations[i].FragmentationAfterBytes, Generations[i]);
        }
    }
}
