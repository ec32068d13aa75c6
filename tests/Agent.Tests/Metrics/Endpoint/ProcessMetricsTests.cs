using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Agent.Metrics;
using Agent.Metrics.Endpoint;
using Prometheus;
using Testing;

namespace Agent.Tests.Metrics.Endpoint;

public sealed partial class ProcessMetricsTests
{
    private const string Limits = """
        Limit                     Soft Limit           Hard Limit           Units
        Max resident set          unlimited            unlimited            bytes
        Max open files            1024                 1048576              files
        Max locked memory         8388608              8388608              bytes
        """;

    // The name of a process may contain parentheses and spaces.
    private const string Statistics =
        "18445 (a) b (c)) S 1 2 3 0 -1 4194560 10 11 12 13 150 25 7 8 20 0 9 0 4321 8192000 300 18446744073709551615 1 1 0 0 0\n";

    [Fact]
    public void Running_process_has_every_metric()
    {
        using Scratch scratch = new();
        FileStream[] open = [.. Enumerable.Range(0, 50).Select(i => File.Create(scratch[$"{i}"]))];
        double usedBefore = Environment.CpuUsage.TotalTime.TotalSeconds;
        Dictionary<string, double> found = Values(registry => new ProcessMetrics(registry).Set());
        double usedAfter = Environment.CpuUsage.TotalTime.TotalSeconds;
        Array.ForEach(open, file => file.Dispose());

        // Two values of the kernel are rounded to hundredths of a second each.
        Assert.Equal(ProcessFamilies.All.Select(family => family.Name), found.Keys);
        Assert.InRange(found["process_cpu_seconds_total"], usedBefore - 0.03, usedAfter + 0.03);
        Assert.InRange(found["process_open_fds"], 50 + 3, found["process_max_fds"]);
        Assert.Contains($"Max open files            {found["process_max_fds"]} ", File.ReadAllText("/proc/self/limits"));
        Assert.InRange(found["process_resident_memory_bytes"], 10e6, found["process_virtual_memory_bytes"]);
        Assert.InRange(found["process_threads"], 2, Directory.GetDirectories("/proc/self/task").Length + 1_000);
        Assert.InRange(found["process_start_time_seconds"], StartSeconds() - 1.5, StartSeconds() + 1.5);
    }

    [Fact]
    public void Numbers_of_the_kernel_are_converted_to_base_units()
    {
        using Scratch process = new();
        File.WriteAllText(process["stat"], Statistics);
        File.WriteAllText(process["limits"], Limits);
        Directory.CreateDirectory(process["fd"]);
        for (int i = 0; i < 5; i++)
        {
            File.WriteAllText(process[$"fd/{i}"], "");
        }

        Dictionary<string, double> expected = new()
        {
            ["process_cpu_seconds_total"] = 1.75,
            ["process_open_fds"] = 4,
            ["process_max_fds"] = 1024,
            ["process_virtual_memory_bytes"] = 8_192_000,
            ["process_resident_memory_bytes"] = 300 * Environment.SystemPageSize,
            ["process_start_time_seconds"] = 1.5,
            ["process_threads"] = 9,
        };
        Assert.Equal(expected, Values(registry => new ProcessMetrics(registry, process.Path, DateTimeOffset.UnixEpoch.AddSeconds(1.5)).Set()));
    }

    [Fact]
    public void Metric_of_an_unreadable_file_is_absent()
    {
        using Scratch process = new();
        Assert.Empty(Values(registry => new ProcessMetrics(registry, process["gone"], startedAt: null).Set()));

        File.WriteAllText(process["limits"], Limits);
        Assert.Equal(["process_max_fds"], Values(registry => new ProcessMetrics(registry, process.Path, startedAt: null).Set()).Keys);

        File.WriteAllText(process["limits"], Limits.Replace("1024     ", "unlimited", StringComparison.Ordinal));
        Assert.Empty(Values(registry => new ProcessMetrics(registry, process.Path, startedAt: null).Set()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1 (a")]
    [InlineData("1 (a) S 1 2 3")]
    [InlineData("1 (a) S 1 2 3 0 -1 4194560 10 11 12 13 x 25 7 8 20 0 9 0 4321 8192000 300 1\n")]
    public void Malformed_statistics_are_rejected(string line) =>
        Assert.False(ProcessStatistics.TryParse(Encoding.UTF8.GetBytes(line), out _));

    private static Dictionary<string, double> Values(Action<MetricRegistry> set)
    {
        MetricRegistry registry = new(ProcessFamilies.All);
        registry.BeginUpdate();
        set(registry);
        return Samples().Matches(Encoding.UTF8.GetString(registry.Export(ExpositionFormat.PrometheusText).Span)).ToDictionary(
            sample => sample.Groups["name"].Value, sample => double.Parse(sample.Groups["value"].Value, CultureInfo.InvariantCulture));
    }

    // Not the agent's way: the start of the process in hundredths of a second after the boot, see proc_pid_stat(5) and proc_stat(5).
    private static double StartSeconds()
    {
        string afterName = File.ReadAllText("/proc/self/stat").Split(") ")[^1];
        string boot = Assert.Single(File.ReadAllLines("/proc/stat"), line => line.StartsWith("btime ", StringComparison.Ordinal));
        return long.Parse(boot["btime ".Length..], CultureInfo.InvariantCulture)
            + (double.Parse(afterName.Split(' ')[22 - 3], CultureInfo.InvariantCulture) / 100);
    }

    [GeneratedRegex("^(?<name>[a-z_]+) (?<value>.+)$", RegexOptions.Multiline)]
    private static partial Regex Samples();
}
