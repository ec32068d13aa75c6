using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Agent.Configuration;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Agent.Publishing.Http;

/// <summary>Makes Kestrel, with nothing around it that reads files or variables, takes signals or writes a log.</summary>
internal static class WebServer
{
    private const int LongestRequestLine = 4 * 1024;
    private const int LargestHeaders = 8 * 1024;
    private const int MostHeaders = 64;

    /// <returns>What makes the server and is to be disposed of after it.</returns>
    internal static ServiceProvider Create(
        EndpointSettings settings, EndpointLimits limits, ServerCertificate? certificate, ConnectionGate gate, WatchedListeners listeners)
    {
        ServerServices builder = new();
        builder.Services.AddOptions();
        builder.Services.AddMetrics();
        // What it says of clients is not the operator's business, and its stack traces are no help.
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

    internal static WatchedListeners CreateListeners(bool isSecure)
    {
        SocketTransportOptions options = new() { CreateBoundListenSocket = where => Bind(where, isSecure) };
        return new WatchedListeners(new SocketTransportFactory(Options.Create(options), NullLoggerFactory.Instance));
    }

    /// <summary>How users and errors call where it listens.</summary>
    internal static string NameOf(EndPoint where, bool isSecure) => $"{(isSecure ? "https" : "http")}://{where}";

    private static void Limit(KestrelServerOptions options, EndpointLimits limits)
    {
        options.AddServerHeader = false;
        options.Limits.MaxRequestLineSize = LongestRequestLine;
        options.Limits.MaxRequestHeadersTotalSize = LargestHeaders;
        options.Limits.MaxRequestHeaderCount = MostHeaders;
        options.Limits.MaxRequestBufferSize = LongestRequestLine + LargestHeaders;
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

        // Kestrel cancels this when the client ends its side, and gives up the answer for that. But a client that has sent its request may end
        // its side and wait for the answer (RFC 9112, 9.6). One that is gone is noticed by the first write to it.
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

    /// <summary>Binds a socket, and where that cannot be tells which one.</summary>
    /// <exception cref="EndpointException">It cannot be bound.</exception>
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
                    $"another program listens there ('ss -ltnp' shows which); stop it, or give {EndpointReader.ListenOption} another port",
                SocketError.AddressNotAvailable =>
                    "no interface here has this address; give one of 'ip address', 0.0.0.0 or [::] for all, and write an IPv6 address with a port as [ADDRESS]:PORT",
                SocketError.AccessDenied =>
                    "ports below 1024 take CAP_NET_BIND_SERVICE; give another port, or that capability",
                SocketError.AddressFamilyNotSupported =>
                    "the kernel or a sandbox has no such sockets for the agent; under systemd add the drop-in network.conf",
                _ => $"give another {EndpointReader.ListenOption}",
            };
            throw new EndpointException($"cannot listen at {NameOf(where, isSecure)}: {failure.Message}; {advice}");
        }
    }
}
