using Agent.Configuration;
using Agent.Publishing.Http;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>Serves the endpoint. Nothing of its web server is loaded before it runs.</summary>
internal sealed class EndpointTask(EndpointSettings settings, IEndpointContent content, TimeProvider time, ILoggerFactory loggers) : SupervisedTask
{
    private readonly Endpoint _endpoint = new(settings, content, time, loggers);

    internal override string Name => "endpoint";

    internal override string Duty => "serve the endpoint";

    internal override object Identity => settings;

    internal override TimeSpan LongestPause => TimeSpan.FromMinutes(1);

    // What is on its way to clients may arrive, and then connections are closed.
    internal override TimeSpan LongestEnd => _endpoint.Limits.Stopping + base.LongestEnd;

    internal override Task RunAsync(Action works, CancellationToken stopping) => _endpoint.RunAsync(works, stopping);
}
