using System.Runtime;

namespace Agent.Metrics.Endpoint;

/// <summary>
/// Turns what .NET says of the agent's memory, threads and code into metrics. It is read where it arises: to listen to .NET's meter costs more.
/// </summary>
internal sealed class RuntimeExposition(ExpositionWriter writer)
{
    // The large and the pinned object heap count as generations.
    private static readonly string[] Generations = ["gen0", "gen1", "gen2", "loh", "poh"];

    internal void Write()
    {
        Environment.ProcessCpuUsage used = Environment.CpuUsage;
        writer.Begin(RuntimeFamilies.CpuTime);
        writer.Sample(used.UserTime.TotalSeconds, "user");
        writer.Sample(used.PrivilegedTime.TotalSeconds, "system");
        if (Environment.WorkingSet is > 0 and var workingSet)
        {
            Write(RuntimeFamilies.WorkingSet, workingSet);
        }

        WriteCollections();
        Write(RuntimeFamilies.Allocated, GC.GetTotalAllocatedBytes());
        WriteLastCollection(GC.GetGCMemoryInfo());
        Write(RuntimeFamilies.PauseTime, GC.GetTotalPauseDuration().TotalSeconds);
        Write(RuntimeFamilies.CompiledSize, JitInfo.GetCompiledILBytes());
        Write(RuntimeFamilies.CompiledMethods, JitInfo.GetCompiledMethodCount());
        Write(RuntimeFamilies.CompilationTime, JitInfo.GetCompilationTime().TotalSeconds);
        Write(RuntimeFamilies.WorkItems, ThreadPool.CompletedWorkItemCount);
        Write(RuntimeFamilies.QueueLength, ThreadPool.PendingWorkItemCount);
        Write(RuntimeFamilies.LockContentions, Monitor.LockContentionCount);
    }

    private void WriteCollections()
    {
        writer.Begin(RuntimeFamilies.Collections);
        for (int generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            // .NET counts a collection with each generation that it comprises, from the oldest down.
            int ofOlder = generation == GC.MaxGeneration ? 0 : GC.CollectionCount(generation + 1);
            writer.Sample(GC.CollectionCount(generation) - ofOlder, Generations[generation]);
        }
    }

    private void WriteLastCollection(GCMemoryInfo last)
    {
        if (last.Index == 0)
        {
            return;
        }

        Write(RuntimeFamilies.Committed, last.TotalCommittedBytes);
        ReadOnlySpan<GCGenerationInfo> generations = last.GenerationInfo;
        writer.Begin(RuntimeFamilies.HeapSize);
        for (int i = 0; i < Generations.Length; i++)
        {
            writer.Sample(generations[i].SizeAfterBytes, Generations[i]);
        }

        writer.Begin(RuntimeFamilies.HeapFragmentation);
        for (int i = 0; i < Generations.Length; i++)
        {
            writer.Sample(generations[i].FragmentationAfterBytes, Generations[i]);
        }
    }

    private void Write(MetricFamily family, double value)
    {
        writer.Begin(family);
        writer.Sample(value);
    }
}
