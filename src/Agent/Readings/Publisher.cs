using Agent.Tasks;

namespace Agent.Readings;

/// <summary>
/// A task that renders views of the <see cref="Store"/> for people or programs. It knows no source, and it never waits for one.
/// </summary>
internal abstract class Publisher : SupervisedTask
{
    /// <summary>What it does, for the status line of the service manager: <c>writing /run/tcp_connections.prom</c>.</summary>
    internal abstract string Activity { get; }

    /// <summary>Whether the store has to keep a history for it.</summary>
    internal virtual bool NeedsHistory => false;
}
