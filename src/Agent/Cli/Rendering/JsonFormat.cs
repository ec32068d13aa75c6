using System.Text.Json;
using System.Text.Json.Serialization;
using Agent.Watching;

namespace Agent.Cli.Rendering;

/// <summary>One JSON document for a program, with everything that the table shows; see <see cref="SnapshotReport"/>.</summary>
internal sealed class JsonFormat : ISnapshotFormat
{
    public bool ShowsFailure => false;

    public bool ShowsDeadProblem => true;

    public bool ShowsState => true;

    public ReadOnlyMemory<byte> Render(Snapshot snapshot)
    {
        using MemoryStream text = new();
        JsonSerializer.Serialize(text, SnapshotReport.Of(snapshot), ReportContext.Default.SnapshotReport);
        text.WriteByte((byte)'\n');
        return text.ToArray();
    }
}

/// <summary>Serializes the report without reflection, so that the program can be trimmed.</summary>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(SnapshotReport))]
internal sealed partial class ReportContext : JsonSerializerContext;
