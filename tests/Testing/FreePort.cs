using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Testing;

/// <summary>Free ports of loopback, for programs that cannot choose a port themselves and report it.</summary>
internal static class FreePort
{
    // Below the ports that the kernel and the Docker engine assign (net.ipv4.ip_local_port_range).
    private const int Lowest = 20_000;
    private const int Highest = 32_000;

    // Each socket holds a unique name until the end of the process, because several test programs run at the same time.
    private static readonly ConcurrentBag<Socket> Reserved = [];

    /// <returns>A free port that no other test gets.</returns>
    internal static int Next()
    {
        while (true)
        {
            int port = Random.Shared.Next(Lowest, Highest);
            Socket name = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            if (Binds(name, new UnixDomainSocketEndPoint($"\0agent-test-port-{port}")) && IsFree(port))
            {
                Reserved.Add(name);
                return port;
            }

            name.Dispose();
        }
    }

    private static bool IsFree(int port)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        return Binds(socket, new IPEndPoint(IPAddress.Loopback, port));
    }

    private static bool Binds(Socket socket, EndPoint address)
    {
        try
        {
            socket.Bind(address);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
