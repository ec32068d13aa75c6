using System.Collections.Immutable;
using System.Diagnostics;
using Agent.Postgres;
using Prometheus;

namespace Agent.Metrics;

/// <summary>
/// The metrics of custom queries. prometheus-net cannot remove a family from a registry, so a new registry is made when the set of definitions
/// changes: a metric that vanished leaves no help text. prometheus-net can only observe histograms and summaries, so those of queries, whose
/// buckets the database has, are written by <see cref="DistributionWriter"/>. For one thread at a time.
/// </summary>
internal sealed class QueryMetrics
{
    private const string DatabaseLabel = "db";

    private Definition[] _definitions = [];
    private MetricRegistry _registry = new();

    /// <summary>Appends the metrics to an exposition, without the end of an exposition.</summary>
    internal void AppendTo(MemoryStream exposition, ImmutableArray<DatabaseReading> readings, ExpositionFormat format)
    {
        Define(readings);
        _registry.BeginUpdate();
        foreach ((DatabaseReading reading, QueryReading result, Definition definition) in Results(readings))
        {
            if (definition.IsDistribution)
            {
                continue;
            }

            foreach (QuerySample sample in result.Samples)
            {
                _registry.Set(definition.Family, sample.Value, [.. sample.LabelValues, reading.Database.Name]);
            }
        }

        _registry.ExportTo(exposition, format);
        foreach (Definition distribution in _definitions.Where(definition => definition.IsDistribution))
        {
            DistributionWriter writer = new(exposition, distribution.Query, format);
            foreach ((DatabaseReading reading, QueryReading result, Definition definition) in Results(readings))
            {
                if (definition == distribution)
                {
                    writer.Write(reading.Database.Name, result.Samples);
                }
            }
        }
    }

    private void Define(ImmutableArray<DatabaseReading> readings)
    {
        Dictionary<string, Query> queries = [];
        foreach (DatabaseReading reading in readings)
        {
            foreach (Query query in reading.Database.Queries)
            {
                queries.TryAdd(query.Name, query);
            }
        }

        if (!queries.Values.SequenceEqual(_definitions.Select(definition => definition.Query), SameMetric.Instance))
        {
            _definitions = [.. queries.Values.Select(query => new Definition(query))];
            _registry = new MetricRegistry(_definitions.Where(definition => !definition.IsDistribution).Select(definition => definition.Family));
        }
    }

    /// <summary>
    /// The latest results. Just after a reload, a database can still have results of a former definition, which are left out.
    /// </summary>
    private IEnumerable<(DatabaseReading Reading, QueryReading Result, Definition Definition)> Results(ImmutableArray<DatabaseReading> readings) =>
        from reading in readings
        where reading.Succeeded
        from result in reading.Queries
        let definition = _definitions.FirstOrDefault(definition => SameMetric.Instance.Equals(definition.Query, result.Query))
        where definition is not null
        select (reading, result, definition);

    /// <summary>A metric as it is exported.</summary>
    private sealed class Definition(Query query)
    {
        internal Query Query => query;

        internal bool IsDistribution => query.Type is QueryType.Histogram or QueryType.Summary;

        internal MetricFamily Family { get; } = new(
            query.Name, query.Type == QueryType.Counter ? MetricType.Counter : MetricType.Gauge, HelpOf(query), [.. query.Labels, DatabaseLabel])
        {
            CanFall = true,
        };
    }

    /// <summary>The help text, with other quotes: OpenMetrics escapes them, and prometheus-net does not.</summary>
    internal static string HelpOf(Query query) => query.Help.Replace('"', '\'');

    /// <summary>Compares what is visible in an exposition.</summary>
    private sealed class SameMetric : IEqualityComparer<Query>
    {
        internal static readonly SameMetric Instance = new();

        public bool Equals(Query? left, Query? right) =>
            ReferenceEquals(left, right)
            || (left is not null && right is not null && left.Name == right.Name && left.Type == right.Type && left.Help == right.Help
                && left.Labels.AsSpan().SequenceEqual(right.Labels.AsSpan()));

        public int GetHashCode(Query query) => throw new UnreachableException();
    }
}
