using System.Text;
using Agent.Cli.Rendering.Tables;
using Agent.Watching;

namespace Agent.Cli.Rendering;

/// <summary>For a person. This class names nothing of Spectre.Console, so that the other forms do not load it.</summary>
/// <param name="width">How many columns there are.</param>
/// <param name="colour">Whether what reaches a threshold is coloured.</param>
/// <param name="takesUtf8">Whether it may have other characters than those of ASCII.</param>
internal sealed class TableForm(int width, bool colour, bool takesUtf8 = true) : ISnapshotForm
{
    public bool TellsFailureItself => true;

    public bool SaysState => false;

    public ReadOnlyMemory<byte> Render(Snapshot snapshot) => Encoding.UTF8.GetBytes(SnapshotTables.Render(snapshot, width, colour, takesUtf8));
}
