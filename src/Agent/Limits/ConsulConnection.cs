using System.Net;
using System.Net.Sockets;

namespace Agent.Limits;

/// <summary>Opens a connection to Consul, with TLS where the address says so. A proxy is not used: Consul is a neighbour.</summary>
internal static class ConsulConnection
{
    /// <exception cref="LimitUnknownException">There is no way there, or no trust.</exception>
    internal static async Task<Stream> OpenAsync(ConsulEndpoint endpoint, CancellationToken cancellationToken)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new DnsEndPoint(HostOf(endpoint), endpoint.Address.Port), cancellationToken);
            NetworkStream plain = new(socket, ownsSocket: true);
            return endpoint.IsSecure ? await new ConsulTls(endpoint).SecureAsync(plain, cancellationToken) : plain;
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new LimitUnknownException(Describe(endpoint, failure));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Where Consul listens on all addresses its own is often written so; for Go's programs, too, it is this host.
    private static string HostOf(ConsulEndpoint endpoint) => endpoint.Address.DnsSafeHost switch
    {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        var host => host,
    };

    private static string Describe(ConsulEndpoint endpoint, SocketException failure) => failure.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => $"{endpoint.Name} refuses the connection; check that it runs and listens there",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain =>
            $"{endpoint.Name} is not found: its name has no address ({failure.Message}); check the name, or give an IP address",
        _ => $"{endpoint.Name} cannot be reached: {failure.Message}; check the address and the way there",
    };
}
