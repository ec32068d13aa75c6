using System.Text.Json.Serialization;

namespace Agent.Publishing.Http;

/// <summary>How the endpoint's JSON is written; without reflection, so that the program can be trimmed.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ReadinessReport))]
[JsonSerializable(typeof(SettingsReport))]
internal sealed partial class EndpointJson : JsonSerializerContext;
