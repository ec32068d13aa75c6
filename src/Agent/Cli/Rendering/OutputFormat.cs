using System.Diagnostics;
using Agent.Configuration;
using Agent.Metrics;
using Agent.Watching;

namespace Agent.Cli.Rendering;

/// <summary>The formats of <c>--output</c>, named as it takes them.</summary>
internal enum OutputFormat
{
    /// <summary>Tables for a person.</summary>
    Table,

    /// <summary>One JSON document for a program.</summary>
    Json,

    /// <summary>The text format of Prometheus.</summary>
    Prom,

    /// <summary>One line for a check of Consul, Nagios or Sensu.</summary>
    Check,
}

/// <summary>Renders a snapshot in one of the formats. The same snapshot always gives the same text.</summary>
internal interface ISnapshotFormat
{
    /// <summary>Whether the text itself shows why a census failed. If not, standard error gets a line about it.</summary>
    bool ShowsFailure { get; }

    /// <summary>Whether the text itself shows why the agent could not see all dead connections. If not, standard error gets a line about it.</summary>
    bool ShowsDeadProblem { get; }

    /// <summary>Whether the text shows the state of the watches. Then it must agree with the exit code.</summary>
    bool ShowsState { get; }

    /// <returns>The text in UTF-8; it ends with a line feed.</returns>
    ReadOnlyMemory<byte> Render(Snapshot snapshot);
}

/// <summary>Chooses and creates the format in which <c>--once</c> prints.</summary>
internal static class OutputFormats
{
    /// <summary>Parses the value of <c>--output</c>.</summary>
    /// <exception cref="ConfigurationException">There is no such format.</exception>
    internal static OutputFormat Parse(string text) => text switch
    {
        "table" => OutputFormat.Table,
        "json" => OutputFormat.Json,
        "prom" => OutputFormat.Prom,
        "check" => OutputFormat.Check,
        _ => throw new ConfigurationException($"--output: '{text}' is not an output format; give table, json, prom or check"),
    };

    /// <summary>The format without <c>--output</c>: a table on a terminal, a check line with thresholds, the text format of Prometheus otherwise.</summary>
    internal static OutputFormat Default(bool onTerminal, bool hasThresholds) =>
        onTerminal ? OutputFormat.Table
        : hasThresholds ? OutputFormat.Check
        : OutputFormat.Prom;

    /// <param name="format">The format.</param>
    /// <param name="findTerminal">Returns the terminal, or null without one. Only a table needs it.</param>
    /// <param name="allowsUtf8">Whether a table may contain characters outside ASCII.</param>
    internal static ISnapshotFormat Create(OutputFormat format, Func<Terminal?> findTerminal, bool allowsUtf8) => format switch
    {
        OutputFormat.Table => findTerminal() is { } terminal
            ? new TableFormat(terminal.Width, terminal.HasColors, allowsUtf8)
            : new TableFormat(Terminal.DefaultWidth, hasColors: false, allowsUtf8),
        OutputFormat.Json => new JsonFormat(),
        OutputFormat.Check => new CheckFormat(),
        OutputFormat.Prom => new PromFormat(),
        _ => throw new UnreachableException(),
    };
}

/// <summary>The text format of Prometheus, the same as in the textfile.</summary>
internal sealed class PromFormat : ISnapshotFormat
{
    public bool ShowsFailure => false;

    public bool ShowsDeadProblem => false;

    public bool ShowsState => false;

    public ReadOnlyMemory<byte> Render(Snapshot snapshot) => new SnapshotExposition(BuildInformation.Current).Render(snapshot);
}
