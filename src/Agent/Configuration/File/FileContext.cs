using System.Text.Json;
using System.Text.Json.Serialization;

namespace Agent.Configuration.File;

/// <summary>How the configuration file is read; without reflection, so that the program can be trimmed.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true)]
[JsonSerializable(typeof(ConfigurationFile))]
internal sealed partial class FileContext : JsonSerializerContext;
