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

    /// <summary>The databases.</summary>
    public List<DatabaseEntry>? Databases { get; init; }

    /// <summary>The path of a file with further databases.</summary>
    public string? DatabasesFile { get; init; }

    /// <summary>The custom queries.</summary>
    public List<QueryEntry>? Queries { get; init; }

    /// <summary>The path of a file with further custom queries.</summary>
    public string? QueriesFile { get; init; }
}

/// <summary>A file with databases, where it is an object.</summary>
internal sealed class DatabasesFile
{
    /// <summary>The address of the schema, for editors. The agent ignores it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The databases.</summary>
    public List<DatabaseEntry>? Databases { get; init; }
}

/// <summary>A file with custom queries, where it is an object.</summary>
internal sealed class QueriesFile
{
    /// <summary>The address of the schema, for editors. The agent ignores it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The custom queries.</summary>
    public List<QueryEntry>? Queries { get; init; }
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

/// <summary>A database. It has no key for the password itself: <see cref="KeyLines"/> rejects it.</summary>
internal sealed class DatabaseEntry
{
    /// <summary>Its name, different from that of every other database.</summary>
    public string? Name { get; init; }

    /// <summary>A host name, an IP address, or the absolute path of the directory of a unix socket.</summary>
    public string? Host { get; init; }

    /// <summary>The port; 5432 by default.</summary>
    [JsonConverter(typeof(NumberOrTextConverter))]
    public string? Port { get; init; }

    /// <summary>The database on the server.</summary>
    public string? Database { get; init; }

    /// <summary>The role.</summary>
    public string? User { get; init; }

    /// <summary>A file with the password and nothing else.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>The environment variable with the password.</summary>
    public string? PasswordVariable { get; init; }

    /// <summary><c>off</c>, <c>require</c>, <c>verify-ca</c> or <c>verify-full</c>.</summary>
    public string? Tls { get; init; }

    /// <summary>A file with the CA certificates that may have signed the server's certificate, in PEM.</summary>
    public string? CaFile { get; init; }

    /// <summary>The time from one round to the next.</summary>
    public string? Interval { get; init; }

    /// <summary>How long a login or a statement may take.</summary>
    public string? Timeout { get; init; }

    /// <summary>The time from one question for the sizes to the next.</summary>
    public string? SizeInterval { get; init; }

    /// <summary>How many clients are shown; 0 for none.</summary>
    [JsonConverter(typeof(NumberOrTextConverter))]
    public string? ShownClients { get; init; }

    /// <summary>How many series it may produce.</summary>
    [JsonConverter(typeof(NumberOrTextConverter))]
    public string? MaxSeries { get; init; }
}

/// <summary>A custom query.</summary>
internal sealed class QueryEntry
{
    /// <summary>The name of its metric.</summary>
    public string? Name { get; init; }

    /// <summary>The help text of its metric.</summary>
    public string? Help { get; init; }

    /// <summary><c>gauge</c>, <c>counter</c>, <c>histogram</c> or <c>summary</c>; gauge by default.</summary>
    public string? Type { get; init; }

    /// <summary>The columns that become labels.</summary>
    public List<string>? Labels { get; init; }

    /// <summary>The statement.</summary>
    public string? Query { get; init; }

    /// <summary>The column with the value.</summary>
    public string? ValueField { get; init; }

    /// <summary>The column with the upper bound of a bucket, or with the quantile.</summary>
    public string? BucketField { get; init; }

    /// <summary>The column with the sum of the observations.</summary>
    public string? SumField { get; init; }

    /// <summary>The column with the number of a summary's observations.</summary>
    public string? CountField { get; init; }

    /// <summary>The time from one run to the next.</summary>
    public string? Interval { get; init; }

    /// <summary>How long it may take.</summary>
    public string? Timeout { get; init; }

    /// <summary>The names of the databases that it runs on; null for all.</summary>
    public List<string>? Databases { get; init; }

    /// <summary>How many series it may produce on one database.</summary>
    [JsonConverter(typeof(NumberOrTextConverter))]
    public string? MaxSeries { get; init; }
}

/// <summary>Deserializes the files without reflection, so that the program can be trimmed.</summary>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true)]
[JsonSerializable(typeof(ConfigurationFile))]
[JsonSerializable(typeof(DatabasesFile))]
[JsonSerializable(typeof(QueriesFile))]
internal sealed partial class FileContext : JsonSerializerContext;
