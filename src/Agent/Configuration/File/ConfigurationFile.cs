using System.Text.Json.Serialization;

namespace Agent.Configuration.File;

/// <summary>The configuration file as it is written; deploy/agent.schema.json describes the same for editors.</summary>
internal sealed class ConfigurationFile
{
    /// <summary>Where the schema is, for editors; not looked at.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>As <c>--interval</c>.</summary>
    public string? Interval { get; init; }

    /// <summary>As <c>--textfile-directory</c>.</summary>
    public string? TextfileDirectory { get; init; }

    /// <summary>The main network namespace, as <c>--netns</c>.</summary>
    [JsonConverter(typeof(NumberOrTextConverter))]
    public string? Netns { get; init; }

    /// <summary>The agent's own HTTP endpoint; none without.</summary>
    public EndpointEntry? Endpoint { get; init; }

    /// <summary>What is counted; instead of the one watch of the command line.</summary>
    public List<WatchEntry>? Watches { get; init; }
}
