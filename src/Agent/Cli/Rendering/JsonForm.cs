using System.Text.Json;
using Agent.Cli.Rendering.Json;
using Agent.Watching;

namespace Agent.Cli.Rendering;

/// <summary>For programs: everything that the table has, in the shape of <see cref="SnapshotReport"/>.</summary>
internal sealed class JsonForm : ISnapshotForm
{
    public bool TellsFailureItself => false;

    public bool SaysState => true;

    public ReadOnlyMemory<byte> Render(Snapshot snapshot)
    {
        using MemoryStream text = new();
        JsonSerializer.Serialize(text, SnapshotReport.Of(snapshot), ReportContext.Default.SnapshotReport);
        text.WriteByte((byte)'\n');
        return text.ToArray();
    }
}
