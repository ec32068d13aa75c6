using Agent.Configuration;
using Agent.Readings;
using Microsoft.Extensions.Logging;

namespace Agent.Publishing.Http;

/// <summary>Serves the endpoint. Nothing of its web server is loaded before it runs.</summary>
internal sealed class EndpointPublisher(EndpointSettings settings, IEndpointContent content, TimeProvider time, ILoggerFactory loggers) : Publisher
{
    private readonly Endpoint _endpoint = new(settings, content, time, loggers);

    internal override string Name => "endpoint";

    internal override string Duty => "serve the endpoint";

    internal override string Activity => $"serving {settings.Listen}";

    internal override object Identity => settings;

    internal override TimeSpan LongestRetryDelay => TimeSpan.FromMinutes(1);

    // Responses that are on their way may arrive; then connections are closed.
    internal override TimeSpan StopTimeout => _endpoint.Limits.Stopping + base.StopTimeout;

    internal override Task RunAsync(Action succeeded, CancellationToken stopping) => _endpoint.RunAsync(succeeded, stopping);
}
