using System.Collections.Immutable;

namespace Agent.Metrics.Endpoint;

/// <summary>
/// What .NET's own meter System.Runtime says, see https://opentelemetry.io/docs/specs/semconv/runtime/dotnet-metrics/, under the names that
/// its metrics have in Prometheus. Gauges whose name would end in <c>_count</c> are left out, for there that is a histogram's or a summary's;
/// so are exceptions, whose types nobody can bound.
/// </summary>
internal static class RuntimeFamilies
{
    private const string GenerationLabel = "gc_heap_generation";

    internal static readonly MetricFamily CpuTime = new(
        "dotnet_process_cpu_time_seconds_total", MetricType.Counter,
        "Time that the agent has spent on processors, by mode, in seconds.", "cpu_mode");

    internal static readonly MetricFamily WorkingSet = new(
        "dotnet_process_memory_working_set_bytes", MetricType.Gauge,
        "Memory that the agent has in use, in bytes.");

    internal static readonly MetricFamily Collections = new(
        "dotnet_gc_collections_total", MetricType.Counter,
        "Garbage collections, by the oldest generation that was collected.", GenerationLabel);

    internal static readonly MetricFamily Allocated = new(
        "dotnet_gc_heap_total_allocated_bytes_total", MetricType.Counter,
        "Memory that was allocated on the managed heap, approximately, in bytes.");

    internal static readonly MetricFamily Committed = new(
        "dotnet_gc_last_collection_memory_committed_size_bytes", MetricType.Gauge,
        "Memory that the garbage collector had committed at the last collection, in bytes; absent before the first one.");

    internal static readonly MetricFamily HeapSize = new(
        "dotnet_gc_last_collection_heap_size_bytes", MetricType.Gauge,
        "The managed heap after the last collection, by generation, in bytes; absent before the first one.", GenerationLabel);

    internal static readonly MetricFamily HeapFragmentation = new(
        "dotnet_gc_last_collection_heap_fragmentation_size_bytes", MetricType.Gauge,
        "What of the managed heap was free between objects after the last collection, by generation, in bytes; absent before the first one.",
        GenerationLabel);

    internal static readonly MetricFamily PauseTime = new(
        "dotnet_gc_pause_time_seconds_total", MetricType.Counter,
        "Time that garbage collections have stopped the agent for, in seconds.");

    internal static readonly MetricFamily CompiledSize = new(
        "dotnet_jit_compiled_il_size_bytes_total", MetricType.Counter,
        "Intermediate language that was compiled at run time, in bytes.");

    internal static readonly MetricFamily CompiledMethods = new(
        "dotnet_jit_compiled_methods_total", MetricType.Counter,
        "How often methods were compiled at run time, each of them once or several times.");

    internal static readonly MetricFamily CompilationTime = new(
        "dotnet_jit_compilation_time_seconds_total", MetricType.Counter,
        "Time that it took to compile methods at run time, in seconds.");

    internal static readonly MetricFamily WorkItems = new(
        "dotnet_thread_pool_work_item_count_total", MetricType.Counter,
        "Work items that the thread pool has completed.");

    internal static readonly MetricFamily QueueLength = new(
        "dotnet_thread_pool_queue_length", MetricType.Gauge,
        "Work items that wait for a thread of the pool.");

    internal static readonly MetricFamily LockContentions = new(
        "dotnet_monitor_lock_contentions_total", MetricType.Counter,
        "How often a thread had to wait for another one's lock.");

    internal static readonly ImmutableArray<MetricFamily> All =
    [
        CpuTime,
        WorkingSet,
        Collections,
        Allocated,
        Committed,
        HeapSize,
        HeapFragmentation,
        PauseTime,
        CompiledSize,
        CompiledMethods,
        CompilationTime,
        WorkItems,
        QueueLength,
        LockContentions,
    ];
}
