using System.Net;
using System.Net.Sockets;
using Agent.Configuration;
using Agent.Platform;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Agent.Publishing.Http;

/// <summary>
/// The agent's HTTP server. Its members do not use types of ASP.NET, so that ASP.NET is not loaded before <see cref="RunAsync"/> is called.
/// </summary>
internal sealed partial class Endpoint(EndpointSettings settings, IEndpointContent content, TimeProvider time, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger<Endpoint>();

    /// <summary>The resources that clients may use.</summary>
    internal EndpointLimits Limits { get; init; } = EndpointLimits.ForThisProcess();

    private bool IsSecure => settings.CertificateFile is not null;

    private string Names => string.Join(", ", settings.Listen.All.Select(where => WebServer.NameOf(where, IsSecure)));

    /// <summary>Serves until <paramref name="stopping"/> is cancelled. Then answers in progress get <see cref="EndpointLimits.Stopping"/> to finish.</summary>
    /// <param name="serving">Called once, when the endpoint listens.</param>
    /// <param name="stopping">Stops the endpoint.</param>
    /// <exception cref="EndpointException">The endpoint cannot listen, cannot use its files, or stopped serving.</exception>
    internal async Task RunAsync(Action serving, CancellationToken stopping)
    {
        FaultReportingListeners listeners = WebServer.CreateListeners(IsSecure);
        (ServiceProvider services, RequestHandler handler) = Create(listeners);
        await using ServiceProvider disposed = services;
        IServer server = services.GetRequiredService<IServer>();
        try
        {
            await server.StartAsync(handler, stopping);
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            throw new EndpointException($"cannot listen at {Names}: {failure.Message}; use another address or port in {EndpointReader.ListenOption}");
        }

        LogListening(_logger, Names);
        WarnIfExposed();
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

    /// <summary>Checks that OpenSSL is installed if the endpoint needs it.</summary>
    /// <exception cref="ConfigurationException">OpenSSL is missing.</exception>
    internal static void CheckOpenSsl(EndpointSettings settings) => Check(() => RequireOpenSsl(settings));

    /// <summary>Reads the certificate and the token as an endpoint does when it starts.</summary>
    /// <exception cref="ConfigurationException">A file cannot be read, or its content is wrong; or OpenSSL is missing.</exception>
    internal static void CheckFiles(EndpointSettings settings, ILoggerFactory loggers) =>
        Check(() => ReadFiles(settings, TimeProvider.System, loggers.CreateLogger<Endpoint>()));

    /// <summary>Binds each address for a moment, as an endpoint does when it starts.</summary>
    /// <exception cref="ConfigurationException">An address cannot be bound.</exception>
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

    private static void Check(Action check)
    {
        try
        {
            check();
        }
        catch (FormatException wrong)
        {
            throw new ConfigurationException(wrong.Message);
        }
    }

    // A token needs it too, for its hash.
    private static void RequireOpenSsl(EndpointSettings settings)
    {
        if ((settings.CertificateFile ?? settings.TokenFile) is { } file)
        {
            OpenSsl.Require($"{file} cannot be used");
        }
    }

    private static (BearerToken? Token, ServerCertificate? Certificate) ReadFiles(EndpointSettings settings, TimeProvider time, ILogger logger)
    {
        RequireOpenSsl(settings);
        BearerToken? token = settings.TokenFile is { } file ? new BearerToken(file, time, logger) : null;
        ServerCertificate? certificate = settings is { CertificateFile: { } certificateFile, KeyFile: { } keyFile }
            ? new ServerCertificate(certificateFile, keyFile, time, logger)
            : null;
        return (token, certificate);
    }

    private async Task StopAsync(IServer server)
    {
        using CancellationTokenSource timeout = new(Limits.Stopping, time);
        await server.StopAsync(timeout.Token);
    }

    private (ServiceProvider Services, RequestHandler Handler) Create(FaultReportingListeners listeners)
    {
        try
        {
            (BearerToken? token, ServerCertificate? certificate) = ReadFiles(settings, time, _logger);
            RequestHandler handler = new(
                content,
                token,
                new RequestQuota(settings.RequestsPerMinute, Limits.CountedClients, time),
                new RequestQuota(Math.Max(settings.RequestsPerMinute, Limits.OpenRequestsPerMinute), Limits.CountedClients, time),
                _logger);
            ConnectionGate gate = new(Limits.Connections, Limits.ConnectionsOfClient, _logger);
            return (WebServer.Create(settings, Limits, certificate, gate, listeners), handler);
        }
        catch (FormatException wrong)
        {
            throw new EndpointException($"cannot serve at {Names}: {wrong.Message}");
        }
    }

    private void WarnIfExposed()
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

    [LoggerMessage(61, LogLevel.Warning, "{Addresses} is open to everyone who can reach it; set --listen-token-file to require a token")]
    private static partial void LogNoToken(ILogger logger, string addresses);

    [LoggerMessage(62, LogLevel.Warning, "the token for {Addresses} is sent without encryption; set --listen-certificate-file and --listen-key-file")]
    private static partial void LogTokenInClear(ILogger logger, string addresses);
}

/// <summary>The endpoint cannot serve. The message is one line: where, why and what to do.</summary>
internal sealed class EndpointException(string message) : Exception(message);
