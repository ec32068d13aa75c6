using System.IO.Compression;
using Agent.Readings;
using Agent.Watching;
using Prometheus;

namespace Agent.Metrics.Endpoint;

/// <summary>
/// Everything that /metrics shows: the metrics of the textfile, by the same code, and those of the agent itself, before those of databases. For
/// any number of threads: requests for the same format within <see cref="OldestAnswer"/> get the same bytes, so that a flood of scrapes costs no
/// more than ten a second.
/// </summary>
internal sealed class EndpointExposition
{
    /// <summary>No answer is older than this.</summary>
    internal static readonly TimeSpan OldestAnswer = TimeSpan.FromMilliseconds(100);

    // Durations that wait for the next rendering; with so many, the histogram takes them without one.
    private const int ManyDurations = 1000;

    // Around each update with its export.
    private readonly Lock _gate = new();
    private readonly Lock _durationsGate = new();
    private readonly Queue<(string? Netns, TimeSpan Duration, long Version)> _durations = [];
    private readonly MetricRegistry _registry = new([.. MetricFamilies.All, .. EndpointFamilies.All]);
    private readonly Dictionary<ExpositionFormat, Answer> _answers = [];
    private readonly PostgresMetrics _databases = new();
    private readonly ConnectionMetrics _connections;
    private readonly AgentMetrics _agent;
    private readonly ProcessMetrics _process;
    private readonly RuntimeMetrics _runtime;
    private readonly Store _store;
    private readonly Func<AgentStatistics> _statistics;
    private readonly TimeProvider _time;

    /// <param name="build">The version of the agent.</param>
    /// <param name="store">The readings; the histogram of durations counts from now on.</param>
    /// <param name="statistics">Returns the agent's statistics of this moment.</param>
    /// <param name="time">The clock, for the age of answers.</param>
    internal EndpointExposition(BuildInformation build, Store store, Func<AgentStatistics> statistics, TimeProvider time)
    {
        _connections = new ConnectionMetrics(_registry, build);
        _agent = new AgentMetrics(_registry);
        _process = new ProcessMetrics(_registry);
        _runtime = new RuntimeMetrics(_registry);
        _store = store;
        _statistics = statistics;
        _time = time;
        store.ReadingPut += Remember;
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
        StoreView view = _store.View;
        Snapshot snapshot = Snapshot.Of(view);
        ObserveDurations(view.Version);
        _registry.BeginUpdate();
        _connections.Set(snapshot);
        _agent.Set(snapshot, _statistics());
        _process.Set();
        _runtime.Set();
        return _registry.Export(format, (exposition, ofFormat) => _databases.AppendTo(exposition, view, ofFormat));
    }

    /// <summary>Keeps the duration of a census until the view that shows its counts is rendered, so that no answer mixes two censuses.</summary>
    private void Remember(Reading reading, long version)
    {
        if (reading is not NamespaceCounts { Duration: { } duration } census)
        {
            return;
        }

        bool areMany;
        lock (_durationsGate)
        {
            _durations.Enqueue((census.Netns, duration, version));
            areMany = _durations.Count >= ManyDurations;
        }

        // No scrape for a long time. A census never waits for a rendering: if one runs, the next census tries again.
        if (areMany && _gate.TryEnter())
        {
            try
            {
                ObserveDurations(version);
            }
            finally
            {
                _gate.Exit();
            }
        }
    }

    /// <summary>Counts the durations up to a version of the store. For the holder of the gate.</summary>
    private void ObserveDurations(long version)
    {
        lock (_durationsGate)
        {
            while (_durations.TryPeek(out (string? Netns, TimeSpan Duration, long Version) next) && next.Version <= version)
            {
                _registry.ObserveIn(AgentFamilies.CensusDuration, next.Netns, next.Duration);
                _durations.Dequeue();
            }
        }
    }

    private sealed record Answer(RenderedMetrics Metrics, long RenderedAt);
}

/// <summary>The metrics of one moment in one format. All requests of that moment share the text and its compression.</summary>
/// <param name="text">The whole exposition; the bytes are not changed afterwards.</param>
internal sealed class RenderedMetrics(ReadOnlyMemory<byte> text)
{
    // Compressed at the first request; requests at the same time wait for it.
    private readonly Lazy<ReadOnlyMemory<byte>> _gzip = new(() => Compress(text.Span));

    /// <summary>The exposition.</summary>
    internal ReadOnlyMemory<byte> Text { get; } = text;

    /// <summary>The same in the format gzip, see RFC 1952; compressed once.</summary>
    internal ReadOnlyMemory<byte> Gzip => _gzip.Value;

    private static ReadOnlyMemory<byte> Compress(ReadOnlySpan<byte> text)
    {
        using MemoryStream compressed = new(capacity: 256 + (text.Length / 8));
        using (GZipStream gzip = new(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(text);
        }

        return compressed.GetBuffer().AsMemory(0, (int)compressed.Length);
    }
}
