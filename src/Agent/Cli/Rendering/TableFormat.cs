using System.Text;
using Agent.Cli.Rendering.Tables;
using Agent.Watching;

namespace Agent.Cli.Rendering;

/// <summary>Tables for a person. This class uses no type of Spectre.Console, so that the other formats do not load that library.</summary>
/// <param name="width">The columns of the terminal.</param>
/// <param name="hasColors">Whether counts are colored by their thresholds.</param>
/// <param name="allowsUtf8">Whether the text may contain characters outside ASCII.</param>
internal sealed class TableFormat(int width, bool hasColors, bool allowsUtf8 = true) : ISnapshotFormat
{
    public bool ShowsFailure => true;

    public bool ShowsDeadProblem => true;

    public bool ShowsState => false;

    public ReadOnlyMemory<byte> Render(Snapshot snapshot) => Encoding.UTF8.GetBytes(SnapshotTables.Render(snapshot, width, hasColors, allowsUtf8));
}
