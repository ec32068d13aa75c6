using System.Diagnostics;
using Prometheus;

namespace Agent.Metrics;

/// <summary>
/// The metrics of one exposition, in a registry of prometheus-net. An update sets the samples that there are now; the export leaves out all others,
/// so that a value that was not measured is absent. For one thread at a time: prometheus-net takes no snapshot of a registry, so the owner
/// holds one lock around an update and its export.
/// </summary>
internal sealed class MetricRegistry
{
    // The last line of prometheus-net's OpenMetrics.
    private static readonly byte[] EndOfOpenMetrics = "# EOF\n"u8.ToArray();

    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    private readonly Dictionary<MetricFamily, Samples> _families = new(ReferenceEqualityComparer.Instance);
    private long _update;
    private int _lastLength;
    private bool _hasInfinity;

    /// <param name="families">All families that it can have, in the order of the export.</param>
    internal MetricRegistry(params IEnumerable<MetricFamily> families)
    {
        MetricFactory factory = Prometheus.Metrics.WithCustomRegistry(_registry);
        // Otherwise any Activity of the process adds exemplars.
        factory.ExemplarBehavior = ExemplarBehavior.NoExemplars();
        foreach (MetricFamily family in families)
        {
            _families.Add(family, Create(factory, family));
        }
    }

    /// <summary>Begins an update: from now on samples are set for the next export.</summary>
    internal void BeginUpdate() => (_update, _hasInfinity) = (_update + 1, false);

    /// <summary>Sets a gauge or a counter. A counter never falls, except one that <see cref="MetricFamily.CanFall"/>.</summary>
    /// <param name="family">A family of the constructor.</param>
    /// <param name="value">The value now.</param>
    /// <param name="labelValues">One for each label name of the family, in the same order.</param>
    internal void Set(MetricFamily family, double value, params ReadOnlySpan<string> labelValues) => SetIn(family, null, value, labelValues);

    /// <summary>The same for a sample that belongs to a network namespace.</summary>
    /// <param name="family">A family of the constructor.</param>
    /// <param name="netns">The value of the further label; null for the main namespace, without the label.</param>
    /// <param name="value">The value now.</param>
    /// <param name="labelValues">One for each label name of the family, in the same order.</param>
    internal void SetIn(MetricFamily family, string? netns, double value, params ReadOnlySpan<string> labelValues)
    {
        _hasInfinity |= double.IsInfinity(value);
        _families[family].Set(_update, netns, value, labelValues);
    }

    /// <summary>Exports a histogram, also before its first observation.</summary>
    internal void KeepIn(MetricFamily histogram, string? netns) => ((Samples<Histogram.Child>)_families[histogram]).Get(_update, netns, []).Publish();

    /// <summary>Counts one duration in a histogram; also outside of an update.</summary>
    internal void ObserveIn(MetricFamily histogram, string? netns, TimeSpan duration) => SetIn(histogram, netns, duration.TotalSeconds);

    /// <summary>Ends an update and renders it.</summary>
    /// <returns>The whole exposition; the bytes are not changed afterwards.</returns>
    internal ReadOnlyMemory<byte> Export(ExpositionFormat format) => Export(format, static (_, _) => { });

    /// <summary>Ends an update and renders it together with other metrics.</summary>
    /// <param name="format">The format.</param>
    /// <param name="append">Appends the other metrics, without the end of an exposition.</param>
    /// <returns>The whole exposition; the bytes are not changed afterwards.</returns>
    internal ReadOnlyMemory<byte> Export(ExpositionFormat format, Action<MemoryStream, ExpositionFormat> append)
    {
        using MemoryStream exported = new(_lastLength);
        ExportTo(exported, format);
        append(exported, format);
        if (format == ExpositionFormat.OpenMetricsText)
        {
            exported.Write(EndOfOpenMetrics);
        }

        _lastLength = (int)exported.Length;
        return exported.GetBuffer().AsMemory(0, _lastLength);
    }

    /// <summary>Ends an update and appends its samples to an exposition, without the end of an exposition.</summary>
    internal void ExportTo(MemoryStream exposition, ExpositionFormat format)
    {
        foreach (Samples samples in _families.Values)
        {
            samples.RemoveOthers(_update);
        }

        int start = (int)exposition.Length;
        // Completes synchronously: a MemoryStream never waits.
        _registry.CollectAndExportAsTextAsync(exposition, format).GetAwaiter().GetResult();
        int length = (int)exposition.Length - start;
        if (format == ExpositionFormat.OpenMetricsText)
        {
            length -= EndOfOpenMetrics.Length;
        }
        else if (_hasInfinity)
        {
            length = AbbreviateInfinity(exposition.GetBuffer().AsSpan(start, length));
        }

        exposition.SetLength(start + length);
    }

    /// <summary>Writes infinity as the text format does, +Inf: prometheus-net writes it so in OpenMetrics alone.</summary>
    /// <returns>The new length.</returns>
    private static int AbbreviateInfinity(Span<byte> text)
    {
        int length = 0;
        for (int start = 0; start < text.Length;)
        {
            Span<byte> line = text.Slice(start, text[start..].IndexOf((byte)'\n') + 1);
            start += line.Length;
            ReadOnlySpan<byte> end = line.EndsWith(" Infinity\n"u8) ? " +Inf\n"u8 : line.EndsWith(" -Infinity\n"u8) ? " -Inf\n"u8 : [];
            if (end.IsEmpty || line[0] == '#')
            {
                line.CopyTo(text[length..]);
                length += line.Length;
                continue;
            }

            Span<byte> sample = line[..(line.LastIndexOf((byte)' '))];
            sample.CopyTo(text[length..]);
            end.CopyTo(text[(length + sample.Length)..]);
            length += sample.Length + end.Length;
        }

        return length;
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
            (counter, value) => counter.IncTo(value),
            family.CanFall ? (counter, value) => value < counter.Value : null),
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

        /// <summary>Removes the samples that were not set in this update.</summary>
        internal abstract void RemoveOthers(long update);
    }

    /// <inheritdoc/>
    /// <param name="family">The family.</param>
    /// <param name="create">Creates its collector for label names.</param>
    /// <param name="set">Sets or observes a value.</param>
    /// <param name="isReset">Whether a child must start again before it can have a value; null for never.</param>
    private sealed class Samples<TChild>(
        MetricFamily family, Func<string[], Collector<TChild>> create, Action<TChild, double> set, Func<TChild, double, bool>? isReset = null) : Samples
        where TChild : ChildBase
    {
        private readonly Collector<TChild> _ofMainNamespace = create(family.LabelNames);
        private readonly Dictionary<string[], Sample> _samples = new(LabelValuesComparer.Instance);
        private Collector<TChild>? _ofOthers;

        internal override void Set(long update, string? netns, double value, ReadOnlySpan<string> labelValues)
        {
            TChild child = Get(update, netns, labelValues);
            if (isReset is not null && isReset(child, value))
            {
                child.Remove();
                _samples.Remove(netns is null ? labelValues.ToArray() : [.. labelValues, netns]);
                child = Get(update, netns, labelValues);
            }

            set(child, value);
        }

        internal override void RemoveOthers(long update)
        {
            foreach ((string[] labelValues, Sample sample) in _samples)
            {
                if (sample.SetIn != update)
                {
                    // A sample that comes back gets a new child: prometheus-net no longer exports a removed one.
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
