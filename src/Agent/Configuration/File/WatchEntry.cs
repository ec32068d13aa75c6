using System.Text.Json.Serialization;
using Agent.Limits.Consul;

namespace Agent.Configuration.File;

/// <summary>A watch as it is written in the configuration file.</summary>
internal sealed class WatchEntry
{
    /// <summary>What it is called; no other watch is.</summary>
    public string? Name { get; init; }

    /// <summary>Its local ports.</summary>
    [JsonConverter(typeof(NumberListConverter))]
    public List<string>? Ports { get; init; }

    /// <summary>Its network namespace, as <c>--netns</c>; the main one without.</summary>
    [JsonConverter(typeof(NumberOrTextConverter))]
    public string? Netns { get; init; }

    /// <summary>How many connections a client may hold, or <c>none</c>.</summary>
    [JsonConverter(typeof(NumberOrTextConverter))]
    public string? Limit { get; init; }

    /// <summary>Who is asked for the limit.</summary>
    public LimitFrom? LimitFrom { get; init; }

    /// <summary>How many clients are shown; 0 for none.</summary>
    [JsonConverter(typeof(NumberOrTextConverter))]
    public string? ShownClients { get; init; }

    /// <summary>As <c>--warn</c>.</summary>
    [JsonConverter(typeof(NumberOrTextConverter))]
    public string? Warning { get; init; }

    /// <summary>As <c>--critical</c>.</summary>
    [JsonConverter(typeof(NumberOrTextConverter))]
    public string? Critical { get; init; }
}
