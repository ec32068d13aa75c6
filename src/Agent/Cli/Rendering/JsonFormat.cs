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
        // Not into a stream: for that the serializer needs the metadata of the types, which the context does not have.
        byte[] text = [.. JsonSerializer.SerializeToUtf8Bytes(SnapshotReport.Of(snapshot), ReportContext.Default.SnapshotReport), (byte)'\n'];
        return text;
    }
}

/// <summary>Serializes the report without reflection, so that the program can be trimmed.</summary>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(SnapshotReport))]
internal sealed partial class ReportContext : JsonSerializerContext;
