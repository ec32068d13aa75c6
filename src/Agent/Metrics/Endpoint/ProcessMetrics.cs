using System.ComponentModel;
using System.Diagnostics;
using Agent.Platform;

namespace Agent.Metrics.Endpoint;

/// <summary>Reads the metrics of the agent's own process from /proc. A value that cannot be read is absent.</summary>
internal sealed class ProcessMetrics
{
    // The file is much shorter.
    private const int LongestFile = 4096;

    private readonly MetricRegistry _registry;
    private readonly string _directory;
    private readonly DateTimeOffset? _startedAt;

    internal ProcessMetrics(MetricRegistry registry)
        : this(registry, "/proc/self", FindStart())
    {
    }

    /// <param name="registry">Receives the metrics.</param>
    /// <param name="directory">The directory of the process in /proc.</param>
    /// <param name="startedAt">The start of the process; null if unknown.</param>
    internal ProcessMetrics(MetricRegistry registry, string directory, DateTimeOffset? startedAt)
    {
        _registry = registry;
        _directory = directory;
        _startedAt = startedAt;
    }

    internal void Set()
    {
        Span<byte> buffer = stackalloc byte[LongestFile];
        ProcessStatistics? read = ProcessStatistics.TryParse(ReadStatistics(buffer), out ProcessStatistics parsed) ? parsed : null;
        Set(ProcessFamilies.CpuTime, read?.CpuSeconds);
        // Without the descriptor that lists them.
        Set(ProcessFamilies.OpenDescriptors, Descriptors.List($"{_directory}/fd", out _)?.Count - 1);
        Set(ProcessFamilies.MaxDescriptors, DescriptorLimit.Read(_directory) is { } limit and not long.MaxValue ? limit : null);
        Set(ProcessFamilies.VirtualMemory, read?.VirtualBytes);
        Set(ProcessFamilies.ResidentMemory, read?.ResidentPages * (double)Environment.SystemPageSize);
        Set(ProcessFamilies.StartTime, _startedAt?.ToUnixTimeMilliseconds() / 1000.0);
        Set(ProcessFamilies.Threads, read?.Threads);
    }

    // Read once: the start does not change, but the clock that it is computed from does. Not from /proc/stat, which a sandbox may hide.
    private static DateTimeOffset? FindStart()
    {
        try
        {
            using Process self = Process.GetCurrentProcess();
            return new DateTimeOffset(self.StartTime);
        }
        catch (Exception failure) when (failure is Win32Exception or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void Set(MetricFamily family, double? value)
    {
        if (value is { } known)
        {
            _registry.Set(family, known);
        }
    }

    /// <returns>The content of the file stat; empty if it cannot be read.</returns>
    private ReadOnlySpan<byte> ReadStatistics(Span<byte> buffer)
    {
        try
        {
            using FileStream file = new($"{_directory}/stat", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            return buffer[..file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
