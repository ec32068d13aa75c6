using System.Diagnostics;
using Prometheus;

namespace Agent.Metrics;

/// <summary>
/// The metrics of one exposition, in a registry of prometheus-net. An update sets each sample that there is now, and the export leaves out the
/// others: what was not measured is absent. Not for several threads at once: prometheus-net takes no snapshot of a registry, so its owner holds
/// one lock around an update and its export.
/// </summary>
internal sealed class MetricRegistry
{
    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    private readonly Dictionary<MetricFamily, Samples> _families = new(ReferenceEqualityComparer.Instance);
    private long _update;
    private int _lastLength;

    /// <param name="families">All that it may ever have, in the order in which they are exported.</param>
    internal MetricRegistry(params IEnumerable<MetricFamily> families)
    {
        MetricFactory factory = Prometheus.Metrics.WithCustomRegistry(_registry);
        // Any Activity of the process would add some.
        factory.ExemplarBehavior = ExemplarBehavior.NoExemplars();
        foreach (MetricFamily family in families)
        {
            _families.Add(family, Create(factory, family));
        }
    }

    /// <summary>From now on samples are set for the next export.</summary>
    internal void BeginUpdate() => _update++;

    /// <summary>Sets a gauge, or a counter, which never falls.</summary>
    /// <param name="family">One of those that were given at the start.</param>
    /// <param name="value">What it is now.</param>
    /// <param name="labelValues">One for each of the family's label names, in their order.</param>
    internal void Set(MetricFamily family, double value, params ReadOnlySpan<string> labelValues) => SetIn(family, null, value, labelValues);

    /// <summary>The same for a sample that belongs to a network namespace.</summary>
    /// <param name="family">One of those that were given at the start.</param>
    /// <param name="netns">A further label; null for the main one, without that label.</param>
    /// <param name="value">What it is now.</param>
    /// <param name="labelValues">One for each of the family's label names, in their order.</param>
    internal void SetIn(MetricFamily family, string? netns, double value, params ReadOnlySpan<string> labelValues) =>
        _families[family].Set(_update, netns, value, labelValues);

    /// <summary>Has a histogram exported, also before its first observation.</summary>
    internal void KeepIn(MetricFamily histogram, string? netns) => ((Samples<Histogram.Child>)_families[histogram]).Get(_update, netns, []).Publish();

    /// <summary>Counts one duration in a histogram; not only in an update.</summary>
    internal void ObserveIn(MetricFamily histogram, string? netns, TimeSpan duration) => SetIn(histogram, netns, duration.TotalSeconds);

    /// <summary>Ends an update.</summary>
    /// <returns>The whole exposition; the bytes are not changed afterwards.</returns>
    internal ReadOnlyMemory<byte> Export(ExpositionFormat format)
    {
        foreach (Samples samples in _families.Values)
        {
            samples.RemoveOthers(_update);
        }

        using MemoryStream exported = new(_lastLength);
        // It ends at once: a stream in memory never has it wait.
        _registry.CollectAndExportAsTextAsync(exported, format).GetAwaiter().GetResult();
        _lastLength = (int)exported.Length;
        return exported.GetBuffer().AsMemory(0, _lastLength);
    }

    private static Samples Create(MetricFactory factory, MetricFamily family) => family.Type switch
    {
        MetricType.Gauge => new Samples<Gauge.Child>(
            family,
            labels => factory.CreateGauge(family.Name, family.Help, labels, new GaugeConfiguration { SuppressInitialValue = true }),
            (gauge, value) => gauge.Set(value)),
        MetricType.Counter => new Samples<Counter.Child>(
            family,
            labels => factory.CreateCounter(family.Name, family.Help, labels, new CounterConfiguration { SuppressInitialValue = true }),
            (counter, value) => counter.IncTo(value)),
        MetricType.Histogram => new Samples<Histogram.Child>(
            family,
            labels => factory.CreateHistogram(
                family.Name, family.Help, labels, new HistogramConfiguration { SuppressInitialValue = true, Buckets = family.Buckets }),
            (histogram, value) => histogram.Observe(value)),
        _ => throw new UnreachableException(),
    };

    /// <summary>The samples of one family.</summary>
    private abstract class Samples
    {
        internal abstract void Set(long update, string? netns, double value, ReadOnlySpan<string> labelValues);

        /// <summary>Removes those that were not set in this update.</summary>
        internal abstract void RemoveOthers(long update);
    }

    /// <inheritdoc/>
    /// <param name="family">Which one.</param>
    /// <param name="create">Makes its collector for these label names.</param>
    /// <param name="set">Sets or observes a value.</param>
    private sealed class Samples<TChild>(MetricFamily family, Func<string[], Collector<TChild>> create, Action<TChild, double> set) : Samples
        where TChild : ChildBase
    {
        private readonly Collector<TChild> _ofMainNamespace = create(family.LabelNames);
        private readonly Dictionary<string[], Sample> _samples = new(LabelValuesComparer.Instance);
        private Collector<TChild>? _ofOthers;

        internal override void Set(long update, string? netns, double value, ReadOnlySpan<string> labelValues) =>
            set(Get(update, netns, labelValues), value);

        internal override void RemoveOthers(long update)
        {
            foreach ((string[] labelValues, Sample sample) in _samples)
            {
                if (sample.SetIn != update)
                {
                    // One that comes back is another one: prometheus-net exports nothing any more of one that was removed.
                    sample.Child.Remove();
                    _samples.Remove(labelValues);
                }
            }
        }

        internal TChild Get(long update, string? netns, ReadOnlySpan<string> labelValues)
        {
            if (labelValues.Length != family.LabelNames.Length)
            {
                throw new ArgumentException($"{family.Name} has {family.LabelNames.Length} labels", nameof(labelValues));
            }

            if (netns is not null)
            {
                labelValues = (string[])[.. labelValues, netns];
            }

            if (!_samples.GetAlternateLookup<ReadOnlySpan<string>>().TryGetValue(labelValues, out Sample? sample))
            {
                string[] key = labelValues.ToArray();
                sample = new Sample(CollectorFor(netns).WithLabels(key));
                _samples.Add(key, sample);
            }

            sample.SetIn = update;
            return sample.Child;
        }

        private Collector<TChild> CollectorFor(string? netns) =>
            netns is null ? _ofMainNamespace : _ofOthers ??= create([.. family.LabelNames, MetricFamilies.NetnsLabel]);

        private sealed class Sample(TChild child)
        {
            internal TChild Child => child;

            internal long SetIn { get; set; }
        }
    }

    private sealed class LabelValuesComparer : IEqualityComparer<string[]>, IAlternateEqualityComparer<ReadOnlySpan<string>, string[]>
    {
        internal static readonly LabelValuesComparer Instance = new();

        public bool Equals(string[]? left, string[]? right) => left.AsSpan().SequenceEqual(right);

        public bool Equals(ReadOnlySpan<string> alternate, string[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(string[] labelValues) => GetHashCode(labelValues.AsSpan());

        public int GetHashCode(ReadOnlySpan<string> alternate)
        {
            HashCode hash = default;
            foreach (string value in alternate)
            {
                hash.Add(value);
            }

            return hash.ToHashCode();
        }

        public string[] Create(ReadOnlySpan<string> alternate) => alternate.ToArray();
    }
}
