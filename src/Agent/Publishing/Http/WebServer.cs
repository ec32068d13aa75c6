using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Agent.Configuration;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Agent.Publishing.Http;

/// <summary>Creates the Kestrel server, without the host that reads files and variables, handles signals and writes a log.</summary>
internal static class WebServer
{
    private const int MaxRequestLine = 4 * 1024;
    private const int MaxHeaderBytes = 8 * 1024;
    private const int MaxHeaders = 64;

    /// <returns>The services that contain the server; disposing of them disposes of the server.</returns>
    internal static ServiceProvider Create(
        EndpointSettings settings, EndpointLimits limits, ServerCertificate? certificate, ConnectionGate gate, FaultReportingListeners listeners)
    {
        ServerServices builder = new();
        builder.Services.AddOptions();
        builder.Services.AddMetrics();
        // Kestrel logs what clients do, with stack traces. This would flood the operator's log.
        builder.Services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        builder.Services.AddSingleton<DiagnosticSource>(new DiagnosticListener(nameof(Endpoint)));
        builder.Services.AddSingleton<IConnectionListenerFactory>(listeners);
        builder.UseKestrelCore();
        builder.ConfigureKestrel(options =>
        {
            Limit(options, limits);
            foreach (IPEndPoint where in settings.Listen.All)
            {
                options.Listen(where, listen =>
                {
                    listen.Protocols = HttpProtocols.Http1;
                    listen.Use(next => connection => ServeAsync(connection, next, gate));
                    if (certificate is not null)
                    {
                        listen.UseHttps(new TlsHandshakeCallbackOptions
                        {
                            OnConnection = _ => ValueTask.FromResult(certificate.Options),
                            HandshakeTimeout = limits.Headers,
                        });
                    }
                });
            }
        });
        return builder.Services.BuildServiceProvider();
    }

    internal static FaultReportingListeners CreateListeners(bool isSecure)
    {
        SocketTransportOptions options = new() { CreateBoundListenSocket = where => Bind(where, isSecure) };
        return new FaultReportingListeners(new SocketTransportFactory(Options.Create(options), NullLoggerFactory.Instance));
    }

    /// <summary>The URL of a listener, for log lines and errors.</summary>
    internal static string NameOf(EndPoint where, bool isSecure) => $"{(isSecure ? "https" : "http")}://{where}";

    private static void Limit(KestrelServerOptions options, EndpointLimits limits)
    {
        options.AddServerHeader = false;
        options.Limits.MaxRequestLineSize = MaxRequestLine;
        options.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        options.Limits.MaxRequestHeaderCount = MaxHeaders;
        options.Limits.MaxRequestBufferSize = MaxRequestLine + MaxHeaderBytes;
        options.Limits.MaxRequestBodySize = 0;
        options.Limits.RequestHeadersTimeout = limits.Headers;
        options.Limits.KeepAliveTimeout = limits.Silence;
        options.Limits.MinResponseDataRate = new MinDataRate(limits.BytesPerSecond, limits.Grace);
    }

    private static async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next, ConnectionGate gate)
    {
        IPAddress client = ClientAddress.Of((connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None);
        if (!gate.TryEnter(client))
        {
            connection.Abort();
            return;
        }

        // Kestrel cancels this token, and with it the answer, when the client shuts down its side of the connection. But a client may do that after
        // its request and still wait for the answer (RFC 9112, section 9.6). A write to a client that has gone fails anyway.
        connection.ConnectionClosed = CancellationToken.None;
        try
        {
            await next(connection);
        }
        finally
        {
            gate.Leave(client);
        }
    }

    /// <summary>Binds a socket.</summary>
    /// <exception cref="EndpointException">The address cannot be bound; the message says what to do.</exception>
    internal static Socket Bind(EndPoint where, bool isSecure)
    {
        try
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(where);
        }
        catch (SocketException failure)
        {
            string advice = failure.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse =>
                    $"another program listens there ('ss -ltnp' shows which); stop it, or use another port in {EndpointReader.ListenOption}",
                SocketError.AddressNotAvailable =>
                    "no interface here has this address; use one that 'ip address' lists, or 0.0.0.0 or [::] for all; write an IPv6 address with a port as [ADDRESS]:PORT",
                SocketError.AccessDenied =>
                    "ports below 1024 need CAP_NET_BIND_SERVICE; use another port, or add that capability",
                SocketError.AddressFamilyNotSupported =>
                    "the kernel or a sandbox does not allow such sockets; under systemd, add the drop-in network.conf",
                _ => $"use another address or port in {EndpointReader.ListenOption}",
            };
            throw new EndpointException($"cannot listen at {NameOf(where, isSecure)}: {failure.Message}; {advice}");
        }
    }
}

/// <summary>
/// Collects the services that Kestrel registers. There is no ASP.NET host, so nothing reads files or variables or handles signals, and the program
/// stays small.
/// </summary>
internal sealed class ServerServices : IWebHostBuilder
{
    internal ServiceCollection Services { get; } = new();

    public IWebHostBuilder ConfigureServices(Action<IServiceCollection> configureServices)
    {
        configureServices(Services);
        return this;
    }

    public IWebHostBuilder ConfigureServices(Action<WebHostBuilderContext, IServiceCollection> configureServices)
    {
        configureServices(new WebHostBuilderContext(), Services);
        return this;
    }

    public IWebHostBuilder UseSetting(string key, string? value) => this;

    public string? GetSetting(string key) => null;

    public IWebHostBuilder ConfigureAppConfiguration(Action<WebHostBuilderContext, IConfigurationBuilder> configureDelegate) =>
        throw new NotSupportedException("ASP.NET has no configuration here");

#pragma warning disable ASPDEPR008 // A member of the interface IWebHostBuilder.
    public IWebHost Build() => throw new NotSupportedException("ASP.NET has no host here");
}
