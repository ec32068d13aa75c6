using Agent.Watching;
using Prometheus;

namespace Agent.Metrics.Endpoint;

/// <summary>
/// All that /metrics shows: the metrics of the textfile, by the same code, and those of the agent itself. Any number of threads may ask at
/// once: those that ask for the same format within a moment get the same bytes, compressed or not, so that a flood of scrapes costs no more than
/// ten a second do.
/// </summary>
internal sealed class EndpointExposition
{
    /// <summary>No answer is older than this.</summary>
    internal static readonly TimeSpan OldestAnswer = TimeSpan.FromMilliseconds(100);

    // Around each update with its export, and around each census that is recorded: no answer mixes two of them.
    private readonly Lock _gate = new();
    private readonly MetricRegistry _registry = new([.. MetricFamilies.All, .. EndpointFamilies.All]);
    private readonly Dictionary<ExpositionFormat, Answer> _answers = [];
    private readonly ConnectionMetrics _connections;
    private readonly AgentMetrics _agent;
    private readonly ProcessMetrics _process;
    private readonly RuntimeMetrics _runtime;
    private readonly Func<Snapshot> _snapshot;
    private readonly Func<AgentFigures> _figures;
    private readonly TimeProvider _time;

    /// <param name="build">Which agent this is.</param>
    /// <param name="snapshot">Tells what is known now, and does not wait for the kernel.</param>
    /// <param name="figures">Tells of the agent's work.</param>
    /// <param name="time">Tells how old an answer is.</param>
    internal EndpointExposition(BuildInformation build, Func<Snapshot> snapshot, Func<AgentFigures> figures, TimeProvider time)
    {
        _connections = new ConnectionMetrics(_registry, build);
        _agent = new AgentMetrics(_registry);
        _process = new ProcessMetrics(_registry);
        _runtime = new RuntimeMetrics(_registry);
        _snapshot = snapshot;
        _figures = figures;
        _time = time;
    }

    /// <summary>Counts how long a census took, in one step with the change that makes its snapshot the latest.</summary>
    /// <param name="census">What it found, or that it failed.</param>
    /// <param name="put">Makes it the latest.</param>
    internal void Record(NamespaceCounts census, Action put)
    {
        lock (_gate)
        {
            put();
            _registry.ObserveIn(AgentFamilies.CensusDuration, census.Netns, census.Duration.GetValueOrDefault());
        }
    }

    /// <returns>The whole exposition.</returns>
    internal RenderedMetrics Render(ExpositionFormat format)
    {
        lock (_gate)
        {
            if (!_answers.TryGetValue(format, out Answer? answer) || _time.GetElapsedTime(answer.RenderedAt) >= OldestAnswer)
            {
                long now = _time.GetTimestamp();
                _answers[format] = answer = new Answer(new RenderedMetrics(Update(format)), now);
            }

            return answer.Metrics;
        }
    }

    private ReadOnlyMemory<byte> Update(ExpositionFormat format)
    {
        Snapshot snapshot = _snapshot();
        _registry.BeginUpdate();
        _connections.Set(snapshot);
        _agent.Set(snapshot, _figures());
        _process.Set();
        _runtime.Set();
        return _registry.Export(format);
    }

    private sealed record Answer(RenderedMetrics Metrics, long RenderedAt);
}
