using Agent.Metrics;
using Agent.Watching;

namespace Agent.Cli.Rendering;

/// <summary>The exposition, the same as in the textfile.</summary>
internal sealed class PromForm : ISnapshotForm
{
    public bool TellsFailureItself => false;

    public bool SaysState => false;

    public ReadOnlyMemory<byte> Render(Snapshot snapshot) => new SnapshotExposition(BuildInformation.Current).Render(snapshot);
}
