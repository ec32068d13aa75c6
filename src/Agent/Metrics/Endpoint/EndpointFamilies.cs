using System.Collections.Immutable;

namespace Agent.Metrics.Endpoint;

/// <summary>
/// The metrics that only /metrics has, after those of <see cref="MetricFamilies"/>. A test compares docs/metrics.md with this list.
/// </summary>
internal static class EndpointFamilies
{
    internal static readonly ImmutableArray<MetricFamily> All = [.. AgentFamilies.All, .. ProcessFamilies.All, .. RuntimeFamilies.All];
}

/// <summary>The agent's own work.</summary>
internal static class AgentFamilies
{
    internal static readonly MetricFamily CensusDuration = new(
        "sockdiag_census_duration_seconds", MetricType.Histogram,
        "How long the censuses took, in seconds.")
    {
        // From a census of an idle host to one that hangs.
        Buckets =
        [
            50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3, 1, 2.5, 5, 10,
        ],
    };

    internal static readonly MetricFamily WatchSuccess = new(
        "sockdiag_watch_success", MetricType.Gauge,
        "Whether the last census could count for this watch; absent before the first one.", "watch");

    internal static readonly MetricFamily TasksRunning = new(
        "sockdiag_tasks_running", MetricType.Gauge,
        "Tasks of the agent that run now; not those that wait for a restart.");

    internal static readonly MetricFamily TaskStarts = new(
        "sockdiag_task_starts_total", MetricType.Counter,
        "How often this task was started, the first start included.", "task");

    internal static readonly MetricFamily TaskRestarts = new(
        "sockdiag_task_restarts_total", MetricType.Counter,
        "How often this task was restarted, by reason.", "task", "reason");

    internal static readonly MetricFamily TaskFailures = new(
        "sockdiag_task_failures_total", MetricType.Counter,
        "How often this task failed, by type of error.", "task", "error_type");

    internal static readonly MetricFamily ConfigLastReloadSuccessful = new(
        "sockdiag_config_last_reload_successful", MetricType.Gauge,
        "Whether the configuration file was valid when it was last read; absent without a file.");

    internal static readonly MetricFamily ConfigLastReloadSuccess = new(
        "sockdiag_config_last_reload_success_timestamp_seconds", MetricType.Gauge,
        "When the configuration in force was read, in seconds since 1970; absent without a file.");

    internal static readonly ImmutableArray<MetricFamily> All =
    [
        CensusDuration,
        WatchSuccess,
        TasksRunning,
        TaskStarts,
        TaskRestarts,
        TaskFailures,
        ConfigLastReloadSuccessful,
        ConfigLastReloadSuccess,
    ];
}

/// <summary>
/// The process, under the names of Prometheus' client libraries, see https://prometheus.io/docs/instrumenting/writing_clientlibs/.
/// </summary>
internal static class ProcessFamilies
{
    internal static readonly MetricFamily CpuTime = new(
        "process_cpu_seconds_total", MetricType.Counter,
        "CPU time of the agent, in user mode and in the kernel, in seconds.");

    internal static readonly MetricFamily OpenDescriptors = new(
        "process_open_fds", MetricType.Gauge,
        "Open file descriptors of the agent.");

    internal static readonly MetricFamily MaxDescriptors = new(
        "process_max_fds", MetricType.Gauge,
        "The limit of open file descriptors.");

    internal static readonly MetricFamily VirtualMemory = new(
        "process_virtual_memory_bytes", MetricType.Gauge,
        "Reserved address space of the agent, in bytes.");

    internal static readonly MetricFamily ResidentMemory = new(
        "process_resident_memory_bytes", MetricType.Gauge,
        "Resident memory of the agent, in bytes.");

    internal static readonly MetricFamily StartTime = new(
        "process_start_time_seconds", MetricType.Gauge,
        "When the agent was started, in seconds since 1970.");

    internal static readonly MetricFamily Threads = new(
        "process_threads", MetricType.Gauge,
        "Threads of the agent.");

    internal static readonly ImmutableArray<MetricFamily> All =
    [
        CpuTime,
        OpenDescriptors,
        MaxDescriptors,
        VirtualMemory,
        ResidentMemory,
        StartTime,
        Threads,
    ];
}

/// <summary>
/// The .NET runtime, under the Prometheus names of https://opentelemetry.io/docs/specs/semconv/runtime/dotnet-metrics/. Left out are gauges whose
/// name would end in <c>_count</c>, which is a suffix of histograms and summaries, and exceptions, whose types have no bound.
/// </summary>
internal static class RuntimeFamilies
{
    private const string GenerationLabel = "gc_heap_generation";

    internal static readonly MetricFamily CpuTime = new(
        "dotnet_process_cpu_time_seconds_total", MetricType.Counter,
        "CPU time of the agent, by mode, in seconds.", "cpu_mode");

    internal static readonly MetricFamily WorkingSet = new(
        "dotnet_process_memory_working_set_bytes", MetricType.Gauge,
        "Resident memory of the agent, in bytes.");

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
        "Free space between the objects of the managed heap after the last collection, by generation, in bytes; absent before the first one.",
        GenerationLabel);

    internal static readonly MetricFamily PauseTime = new(
        "dotnet_gc_pause_time_seconds_total", MetricType.Counter,
        "Time for which garbage collections have paused the agent, in seconds.");

    internal static readonly MetricFamily CompiledSize = new(
        "dotnet_jit_compiled_il_size_bytes_total", MetricType.Counter,
        "Intermediate language that was compiled at run time, in bytes.");

    internal static readonly MetricFamily CompiledMethods = new(
        "dotnet_jit_compiled_methods_total", MetricType.Counter,
        "Methods that were compiled at run time, each once or several times.");

    internal static readonly MetricFamily CompilationTime = new(
        "dotnet_jit_compilation_time_seconds_total", MetricType.Counter,
        "Time that the compilation at run time took, in seconds.");

    internal static readonly MetricFamily WorkItems = new(
        "dotnet_thread_pool_work_item_count_total", MetricType.Counter,
        "Work items that the thread pool has completed.");

    internal static readonly MetricFamily QueueLength = new(
        "dotnet_thread_pool_queue_length", MetricType.Gauge,
        "Work items that wait for a thread of the pool.");

    internal static readonly MetricFamily LockContentions = new(
        "dotnet_monitor_lock_contentions_total", MetricType.Counter,
        "How often a thread had to wait for a lock that another thread held.");

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
