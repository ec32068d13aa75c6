using System.Diagnostics.Metrics;
using System.Text;
using System.Text.RegularExpressions;
using Agent.Metrics;
using Agent.Metrics.Endpoint;
using Prometheus;

namespace Agent.Tests.Metrics.Endpoint;

public sealed partial class RuntimeMetricsTests
{
    public RuntimeMetricsTests()
    {
        // The runtime publishes metrics of the last garbage collection.
        GC.Collect();
    }

    [Fact]
    public void Names_types_and_labels_match_the_meter_of_NET()
    {
        SortedSet<string> offered = new(StringComparer.Ordinal);
        using MeterListener listener = new()
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == "System.Runtime")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Add(instrument, tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Add(instrument, tags));
        listener.Start();
        listener.RecordObservableInstruments();

        void Add(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            // For the meter, two values of the thread pool that go up and down are counters. In the naming conventions they are gauges.
            MetricType type = instrument.GetType().Name.StartsWith("ObservableCounter", StringComparison.Ordinal)
                && instrument.Name is not ("dotnet.thread_pool.queue.length" or "dotnet.thread_pool.thread.count")
                ? MetricType.Counter : MetricType.Gauge;
            string name = NameInPrometheus(instrument, type);
            if (instrument.IsObservable && !(type == MetricType.Gauge && name.EndsWith("_count", StringComparison.Ordinal)))
            {
                offered.Add($"{name} {type} {string.Join(',', tags.ToArray().Select(tag => tag.Key.Replace('.', '_')))}");
            }
        }

        IEnumerable<string> taken = RuntimeFamilies.All.Select(family => $"{family.Name} {family.Type} {string.Join(',', family.LabelNames)}");
        Assert.Equal(string.Join('\n', offered), string.Join('\n', taken.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void Every_family_has_samples()
    {
        MetricRegistry registry = new(RuntimeFamilies.All);
        registry.BeginUpdate();
        new RuntimeMetrics(registry).Set();
        string text = Encoding.UTF8.GetString(registry.Export(ExpositionFormat.PrometheusText).Span);

        Assert.Equal(
            RuntimeFamilies.All.Select(family => family.Name),
            Samples().Matches(text).Select(sample => sample.Groups["name"].Value).Distinct());
        Assert.All(Samples().Matches(text), sample => Assert.False(sample.Groups["value"].Value.StartsWith('-'), sample.Value));
        Assert.Contains("dotnet_gc_last_collection_heap_size_bytes{gc_heap_generation=\"poh\"} ", text);
        Assert.Contains("dotnet_process_cpu_time_seconds_total{cpu_mode=\"system\"} ", text);
    }

    // The rules of the compatibility specification of OpenTelemetry; a unit in braces is an annotation.
    private static string NameInPrometheus(Instrument instrument, MetricType type) =>
        instrument.Name.Replace('.', '_')
        + (instrument.Unit switch { "By" => "_bytes", "s" => "_seconds", _ => "" })
        + (type == MetricType.Counter ? "_total" : "");

    [GeneratedRegex(@"^(?<name>[a-z_]+)(\{[^}]+\})? (?<value>.+)$", RegexOptions.Multiline)]
    private static partial Regex Samples();
}
