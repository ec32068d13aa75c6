using System.Text.Json.Serialization;
using Agent.Configuration;

namespace Agent.Publishing.Http;

/// <summary>The JSON documents of the endpoint. Source generation replaces reflection, so that the program can be trimmed.</summary>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ReadinessReport))]
[JsonSerializable(typeof(SettingsReport))]
internal sealed partial class EndpointJson : JsonSerializerContext;

/// <summary>The answer of <c>/ready</c>.</summary>
/// <param name="Ready">Whether the agent has recent counts.</param>
/// <param name="Reason">Why the agent is not ready; absent when it is.</param>
internal sealed record ReadinessReport(bool Ready, string? Reason);

/// <summary>The answer of <c>/configz</c>.</summary>
/// <param name="Settings">The settings in force.</param>
internal sealed record SettingsReport(IReadOnlyList<EffectiveSetting> Settings);
