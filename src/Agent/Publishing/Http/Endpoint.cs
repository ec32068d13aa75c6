using System.Net;
using System.Net.Sockets;
using Agent.Configuration;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Agent.Publishing.Http;

/// <summary>
/// The agent's own HTTP server. Nothing of ASP.NET is in its members, so that nothing of it is loaded until <see cref="RunAsync"/> is called.
/// </summary>
internal sealed partial class Endpoint(EndpointSettings settings, IEndpointContent content, TimeProvider time, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger<Endpoint>();

    /// <summary>What clients may take of the agent.</summary>
    internal EndpointLimits Limits { get; init; } = EndpointLimits.For(DescriptorLimit.OfThisProcess());

    private bool IsSecure => settings.CertificateFile is not null;

    private string Names => string.Join(", ", settings.Listen.All.Select(where => WebServer.NameOf(where, IsSecure)));

    /// <summary>Serves until it is told to stop; then answers that are on their way have a moment to arrive.</summary>
    /// <param name="serving">Called once it listens.</param>
    /// <param name="stopping">Tells it to stop.</param>
    /// <exception cref="EndpointException">It cannot listen, or ended by itself.</exception>
    internal async Task RunAsync(Action serving, CancellationToken stopping)
    {
        WatchedListeners listeners = WebServer.CreateListeners(IsSecure);
        (ServiceProvider services, HttpApplication application) = Create(listeners);
        await using ServiceProvider disposed = services;
        IServer server = services.GetRequiredService<IServer>();
        try
        {
            await server.StartAsync(application, stopping);
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            throw new EndpointException($"cannot listen at {Names}: {failure.Message}; give another {EndpointReader.ListenOption}");
        }

        LogListening(_logger, Names);
        WarnOfOpenDoors();
        serving();
        try
        {
            string fault = await listeners.Fault.WaitAsync(stopping);
            throw new EndpointException($"the endpoint at {Names} stopped serving: {fault}");
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await StopAsync(server);
        }
    }

    /// <summary>Reads the files that the settings name, as an endpoint would at its start.</summary>
    /// <exception cref="ConfigurationException">One cannot be read, or is not what it should be.</exception>
    internal static void CheckFiles(EndpointSettings settings, ILoggerFactory loggers)
    {
        try
        {
            _ = TokenOf(settings, TimeProvider.System, loggers.CreateLogger<Endpoint>());
            _ = CertificateOf(settings, TimeProvider.System, loggers.CreateLogger<Endpoint>());
        }
        catch (FormatException wrong)
        {
            throw new ConfigurationException(wrong.Message);
        }
    }

    /// <summary>Binds sockets to addresses for a moment, as an endpoint would at its start.</summary>
    /// <exception cref="ConfigurationException">One of them cannot be bound.</exception>
    internal static void CheckAddresses(EndpointSettings settings, IEnumerable<IPEndPoint> addresses)
    {
        try
        {
            foreach (IPEndPoint where in addresses)
            {
                WebServer.Bind(where, isSecure: settings.CertificateFile is not null).Dispose();
            }
        }
        catch (EndpointException wrong)
        {
            throw new ConfigurationException(wrong.Message);
        }
    }

    private static BearerToken? TokenOf(EndpointSettings settings, TimeProvider time, ILogger logger) =>
        settings.TokenFile is { } file ? new BearerToken(file, time, logger) : null;

    private static ServerCertificate? CertificateOf(EndpointSettings settings, TimeProvider time, ILogger logger) =>
        settings is { CertificateFile: { } certificateFile, KeyFile: { } keyFile } ? new ServerCertificate(certificateFile, keyFile, time, logger) : null;

    private async Task StopAsync(IServer server)
    {
        using CancellationTokenSource patience = new(Limits.Stopping, time);
        await server.StopAsync(patience.Token);
    }

    private (ServiceProvider Services, HttpApplication Application) Create(WatchedListeners listeners)
    {
        try
        {
            ServerCertificate? certificate = CertificateOf(settings, time, _logger);
            RequestHandler handler = new(
                content,
                TokenOf(settings, time, _logger),
                new RequestQuota(settings.RequestsPerMinute, Limits.CountedClients, time),
                new RequestQuota(Math.Max(settings.RequestsPerMinute, Limits.OpenRequestsPerMinute), Limits.CountedClients, time),
                _logger);
            ConnectionGate gate = new(Limits.Connections, Limits.ConnectionsOfClient, _logger);
            return (WebServer.Create(settings, Limits, certificate, gate, listeners), new HttpApplication(handler));
        }
        catch (FormatException wrong)
        {
            throw new EndpointException($"cannot serve at {Names}: {wrong.Message}");
        }
    }

    private void WarnOfOpenDoors()
    {
        if (settings.Listen.All.All(where => IPAddress.IsLoopback(where.Address)))
        {
            return;
        }

        if (settings.TokenFile is null)
        {
            LogNoToken(_logger, Names);
        }
        else if (!IsSecure)
        {
            LogTokenInClear(_logger, Names);
        }
    }

    [LoggerMessage(60, LogLevel.Information, "listening on {Addresses}")]
    private static partial void LogListening(ILogger logger, string addresses);

    [LoggerMessage(61, LogLevel.Warning, "anybody who reaches {Addresses} can read what the agent knows; give --listen-token-file if that is too many")]
    private static partial void LogNoToken(ILogger logger, string addresses);

    [LoggerMessage(62, LogLevel.Warning, "the token for {Addresses} travels without encryption; give --listen-certificate-file and --listen-key-file")]
    private static partial void LogTokenInClear(ILogger logger, string addresses);
}
