using Agent.Publishing.Http;
using Prometheus;

namespace Agent.Tests.Publishing.Http;

public sealed class NegotiationTests
{
    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("*/*", false)]
    [InlineData("text/plain", false)]
    [InlineData("image/png", false)]
    [InlineData("this is, no;;header=", false)]
    [InlineData("application/openmetrics-text", true)]
    [InlineData("APPLICATION/OpenMetrics-Text; VERSION=\"1.0.0\"", true)]
    [InlineData("application/openmetrics-text;version=1.0.0", true)]
    [InlineData("application/openmetrics-text;version=0.0.1", false)]
    [InlineData("application/openmetrics-text;version=2.0.0", false)]
    [InlineData("application/openmetrics-text;q=0", false)]
    [InlineData("application/openmetrics-text;q=0.5,text/plain;q=0.6", false)]
    [InlineData("application/openmetrics-text;q=0.5,text/plain;version=1.0.0;q=0.6", true)]
    [InlineData("application/openmetrics-text;q=0.5,*/*;q=0.6", false)]
    [InlineData("application/openmetrics-text;q=0.5,text/*;q=0.4", true)]
    // Prometheus 2.
    [InlineData("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", true)]
    [InlineData("text/plain;version=0.0.4;q=1,*/*;q=0.1", false)]
    // Prometheus 3.
    [InlineData(
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
        + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", true)]
    public void Format_is_the_preferred_one(string? accept, bool openMetrics) =>
        Assert.Equal(openMetrics ? ExpositionFormat.OpenMetricsText : ExpositionFormat.PrometheusText, Negotiation.FormatOf(accept));

    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("identity", false)]
    [InlineData("deflate, br", false)]
    [InlineData("gzip", true)]
    [InlineData("GZIP", true)]
    [InlineData("br;q=1, gzip;q=0.2", true)]
    [InlineData("gzip;q=0", false)]
    [InlineData("*", true)]
    [InlineData("*;q=0", false)]
    [InlineData("gzip;q=0, *", false)]
    [InlineData("gzip;q=0.5, identity", false)]
    public void Gzip_is_used_if_the_client_accepts_it(string? acceptEncoding, bool gzip) =>
        Assert.Equal(gzip, Negotiation.AcceptsGzip(acceptEncoding));
}
