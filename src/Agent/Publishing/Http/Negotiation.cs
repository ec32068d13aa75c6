using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Prometheus;

namespace Agent.Publishing.Http;

/// <summary>Selects the format and the compression of the metrics from the headers of a request, see RFC 9110, section 12.5.</summary>
internal static class Negotiation
{
    private const double Full = 1;

    /// <summary>The format that the client prefers. If it accepts neither format, it gets the text format, as from other exporters.</summary>
    /// <param name="accept">The header Accept.</param>
    internal static ExpositionFormat FormatOf(StringValues accept)
    {
        (double openMetrics, double text) = (0, 0);
        foreach (MediaTypeHeaderValue range in ParseAccept(accept))
        {
            double quality = range.Quality ?? Full;
            string? version = VersionOf(range);
            if (range.MediaType.Equals(PrometheusConstants.OpenMetricsContentType, StringComparison.OrdinalIgnoreCase) && version is null or "1.0.0")
            {
                openMetrics = Math.Max(openMetrics, quality);
            }
            else if (range.MatchesAllTypes
                || (range.Type.Equals("text", StringComparison.OrdinalIgnoreCase) && version is null or "0.0.4"
                    && (range.MatchesAllSubTypes || range.SubType.Equals("plain", StringComparison.OrdinalIgnoreCase))))
            {
                text = Math.Max(text, quality);
            }
        }

        return openMetrics > 0 && openMetrics >= text ? ExpositionFormat.OpenMetricsText : ExpositionFormat.PrometheusText;
    }

    /// <summary>Whether the client accepts gzip, and does not prefer an answer without compression.</summary>
    /// <param name="acceptEncoding">The header Accept-Encoding.</param>
    internal static bool AcceptsGzip(StringValues acceptEncoding)
    {
        if (!StringWithQualityHeaderValue.TryParseList(acceptEncoding, out IList<StringWithQualityHeaderValue>? codings))
        {
            return false;
        }

        double? QualityOf(string name)
        {
            foreach (StringWithQualityHeaderValue coding in codings)
            {
                if (coding.Value.Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    return coding.Quality ?? Full;
                }
            }

            return null;
        }

        double gzip = QualityOf("gzip") ?? QualityOf("*") ?? 0;
        return gzip > 0 && gzip >= (QualityOf("identity") ?? 0);
    }

    private static IList<MediaTypeHeaderValue> ParseAccept(StringValues accept) =>
        MediaTypeHeaderValue.TryParseList(accept, out IList<MediaTypeHeaderValue>? ranges) ? ranges : [];

    private static string? VersionOf(MediaTypeHeaderValue range)
    {
        foreach (NameValueHeaderValue parameter in range.Parameters)
        {
            if (parameter.Name.Equals("version", StringComparison.OrdinalIgnoreCase))
            {
                return HeaderUtilities.RemoveQuotes(parameter.Value).Value;
            }
        }

        return null;
    }
}
