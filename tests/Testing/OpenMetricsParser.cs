namespace Testing;

/// <summary>The parser of Prometheus' client library for Python, which rejects text that OpenMetrics does not allow.</summary>
internal static class OpenMetricsParser
{
    // Debian's packages need Debian's Python, which may not be the first in PATH.
    private const string Python = "/usr/bin/python3";

    private const string Script = """
        import sys
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
        for family in text_string_to_metric_families(sys.stdin.buffer.read().decode()):
            print(family.name, family.type, len(family.samples))
        """;

    /// <returns>A line for each family: its name, its type and its number of samples; the error if the exit code is not 0.</returns>
    internal static async Task<(int ExitCode, string Output)> Parse(string text)
    {
        Requires.That(
            File.Exists(Python) && (await Tool.Run(Python, ["-c", "import prometheus_client.openmetrics.parser"])).ExitCode == 0,
            "prometheus_client is not installed: apt-get install python3-prometheus-client");
        return await Tool.Run(Python, ["-c", Script], text);
    }
}
