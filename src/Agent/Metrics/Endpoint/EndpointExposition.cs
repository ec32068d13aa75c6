using Agent.Watching;

namespace Agent.Metrics.Endpoint;

/// <summary>All that /metrics shows in one format: what the textfile has, by the same code, and what the agent says of itself.</summary>
internal sealed class EndpointExposition
{
    private readonly ExpositionWriter _writer;
    private readonly SnapshotExposition _connections;
    private readonly AgentExposition _agent;
    private readonly ProcessExposition _process;
    private readonly RuntimeExposition _runtime;

    internal EndpointExposition(BuildInformation build, ExpositionFormat format)
    {
        _writer = new ExpositionWriter(format);
        _connections = new SnapshotExposition(build, _writer);
        _agent = new AgentExposition(_writer);
        _process = new ProcessExposition(_writer);
        _runtime = new RuntimeExposition(_writer);
    }

    /// <summary>Renders a snapshot, what the agent says of its work, and how its process is now; for one thread at a time.</summary>
    /// <returns>The caller's own.</returns>
    internal byte[] Render(Snapshot snapshot, AgentFigures figures)
    {
        _writer.Clear();
        _connections.Write(snapshot);
        _agent.Write(snapshot, figures);
        _process.Write();
        _runtime.Write();
        _writer.End();
        return _writer.Written.ToArray();
    }
}
