using System.Collections.Immutable;

namespace Agent.Metrics.Endpoint;

/// <summary>
/// What Prometheus' client libraries say of a process, under their names, see https://prometheus.io/docs/instrumenting/writing_clientlibs/.
/// </summary>
internal static class ProcessFamilies
{
    internal static readonly MetricFamily CpuTime = new(
        "process_cpu_seconds_total", MetricType.Counter,
        "Time that the agent has spent on processors, in user mode and in the kernel, in seconds.");

    internal static readonly MetricFamily OpenDescriptors = new(
        "process_open_fds", MetricType.Gauge,
        "File descriptors that the agent has open.");

    internal static readonly MetricFamily MaxDescriptors = new(
        "process_max_fds", MetricType.Gauge,
        "File descriptors that the agent may have open.");

    internal static readonly MetricFamily VirtualMemory = new(
        "process_virtual_memory_bytes", MetricType.Gauge,
        "Address space that the agent has reserved, in bytes.");

    internal static readonly MetricFamily ResidentMemory = new(
        "process_resident_memory_bytes", MetricType.Gauge,
        "Memory that the agent has in use, in bytes.");

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
