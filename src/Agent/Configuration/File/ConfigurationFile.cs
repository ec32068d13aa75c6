using System.Text.Json;
using System.Text.Json.Serialization;
using Agent.Limits.Consul;

namespace Agent.Configuration.File;

/// <summary>The configuration file as JSON. deploy/agent.schema.json describes the same for editors.</summary>
internal sealed class ConfigurationFile
{
    /// <summary>The address of the schema, for editors. The agent ignores it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>As <c>--interval</c>.</summary>
    public string? Interval { get; init; }

    /// <summary>As <c>--textfile-directory</c>.</summary>
    public string? TextfileDirectory { get; init; }

    /// <summary>The main network namespace, as <c>--netns</c>.</summary>
    [JsonConverter(typeof(NumberOrTextConverter))]
    public string? Netns { get; init; }

    /// <summary>The agent's own HTTP endpoint; null for none.</summary>
    public EndpointEntry? Endpoint { get; init; }

    /// <summary>The watches; null for the one watch of the command line.</summary>
    public List<WatchEntry>? Watches { get; init; }
}

/// <summary>The HTTP endpoint in the configuration file.</summary>
internal sealed class EndpointEntry
{
    /// <summary>Each as <c>--listen</c>.</summary>
    public List<string>? Listen { get; init; }

    /// <summary>As <c>--listen-token-file</c>.</summary>
    public string? TokenFile { get; init; }

    /// <summary>As <c>--listen-certificate-file</c>.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>As <c>--listen-key-file</c>.</summary>
    public string? KeyFile { get; init; }

    /// <summary>How many requests a client may send each minute.</summary>
    [JsonConverter(typeof(NumberOrTextConverter))]
    public string? RequestsPerMinute { get; init; }
}

/// <summary>A watch in the configuration file.</summary>
internal sealed class WatchEntry
{
    /// <summary>Its name, different from that of every other watch.</summary>
    public string? Name { get; init; }

    /// <summary>Its local ports; null for a watch that has only unix sockets.</summary>
    [JsonConverter(typeof(NumberListConverter))]
    public List<string>? Ports { get; init; }

    /// <summary>The paths of its unix sockets.</summary>
    public List<string>? UnixSockets { get; init; }

    /// <summary>Its network namespace, as <c>--netns</c>; null for the main one.</summary>
    [JsonConverter(typeof(NumberOrTextConverter))]
    public string? Netns { get; init; }

    /// <summary>How many connections a client may hold, or <c>none</c>.</summary>
    [JsonConverter(typeof(NumberOrTextConverter))]
    public string? Limit { get; init; }

    /// <summary>As <c>--total-limit</c>.</summary>
    [JsonConverter(typeof(NumberOrTextConverter))]
    public string? TotalLimit { get; init; }

    /// <summary>The service that is asked for its limit.</summary>
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

/// <summary>Deserializes the file without reflection, so that the program can be trimmed.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true)]
[JsonSerializable(typeof(ConfigurationFile))]
internal sealed partial class FileContext : JsonSerializerContext;
