using System.Text.Json.Serialization;

namespace Agent.Cli.Rendering.Json;

/// <summary>How the report is written; without reflection, so that the program can be trimmed.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(SnapshotReport))]
internal sealed partial class ReportContext : JsonSerializerContext;
