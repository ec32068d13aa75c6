using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Agent.Postgres;
using Prometheus;

namespace Agent.Metrics;

/// <summary>
/// Writes a histogram or a summary whose buckets and quantiles are known, see https://prometheus.io/docs/instrumenting/exposition_formats/ and
/// https://prometheus.io/docs/specs/om/open_metrics_spec/. The label <c>db</c> comes after those of the query, <c>le</c> or <c>quantile</c> last.
/// </summary>
internal sealed class DistributionWriter
{
    // As %g of Go writes it: OpenMetrics demands this of bounds.
    private const double LeastWithExponent = 1e6;
    private const double LeastWithoutExponent = 1e-4;

    private readonly MemoryStream _exposition;
    private readonly Query _query;
    private readonly bool _isOpenMetrics;

    /// <summary>Writes the help text and the type.</summary>
    /// <param name="exposition">Receives the text.</param>
    /// <param name="query">The definition.</param>
    /// <param name="format">The format.</param>
    internal DistributionWriter(MemoryStream exposition, Query query, ExpositionFormat format)
    {
        (_exposition, _query, _isOpenMetrics) = (exposition, query, format == ExpositionFormat.OpenMetricsText);
        Append($"# HELP {query.Name} {QueryMetrics.HelpOf(query)}\n");
        Append($"# TYPE {query.Name} {(query.Type == QueryType.Histogram ? "histogram" : "summary")}\n");
    }

    /// <summary>Writes the samples of one database.</summary>
    internal void Write(string database, ImmutableArray<QuerySample> samples)
    {
        StringBuilder labels = new();
        foreach (QuerySample sample in samples)
        {
            labels.Clear();
            for (int i = 0; i < sample.LabelValues.Length; i++)
            {
                AppendLabel(labels, _query.Labels[i], sample.LabelValues[i]).Append(',');
            }

            Write(sample, AppendLabel(labels, "db", database).ToString());
        }
    }

    private void Write(QuerySample sample, string labels)
    {
        bool isHistogram = _query.Type == QueryType.Histogram;
        foreach ((double bound, double value) in sample.Buckets)
        {
            Append(isHistogram
                ? $"{_query.Name}_bucket{{{labels},le=\"{Bound(bound)}\"}} {Count(value)}\n"
                : $"{_query.Name}{{{labels},quantile=\"{Bound(bound)}\"}} {Value(value)}\n");
        }

        if (!double.IsNaN(sample.Value))
        {
            Append($"{_query.Name}_sum{{{labels}}} {Value(sample.Value)}\n");
        }

        // OpenMetrics allows the count of a histogram only together with its sum.
        double? count = !isHistogram ? sample.Count : double.IsNaN(sample.Value) ? null : sample.Buckets[^1].Value;
        if (count is { } observations)
        {
            Append($"{_query.Name}_count{{{labels}}} {Count(observations)}\n");
        }
    }

    private static StringBuilder AppendLabel(StringBuilder labels, string name, string value)
    {
        labels.Append(name).Append("=\"");
        foreach (char character in value)
        {
            _ = character switch
            {
                '\\' => labels.Append(@"\\"),
                '"' => labels.Append("\\\""),
                '\n' => labels.Append(@"\n"),
                _ => labels.Append(character),
            };
        }

        return labels.Append('"');
    }

    /// <summary>A bound as Go's %g writes it; in OpenMetrics with a point, if it has no exponent.</summary>
    private string Bound(double bound)
    {
        double size = Math.Abs(bound);
        if (!double.IsFinite(bound) || size == 0 || size is >= LeastWithoutExponent and < LeastWithExponent)
        {
            return Value(bound);
        }

        // The format has 15 digits at the most.
        string text = bound.ToString("0.##############e+00", CultureInfo.InvariantCulture);
        return double.Parse(text, CultureInfo.InvariantCulture) == bound ? text : Value(bound);
    }

    private string Value(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => WithPoint(value.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e')),
    };

    private static string Count(double count) => count.ToString("F0", CultureInfo.InvariantCulture);

    private string WithPoint(string number) => _isOpenMetrics && !number.AsSpan().ContainsAny('.', 'e') ? number + ".0" : number;

    private void Append(string text) => _exposition.Write(Encoding.UTF8.GetBytes(text));
}
