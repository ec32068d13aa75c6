using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Testing;

/// <summary>Ports of loopback for programs that cannot be asked to choose one and say which.</summary>
internal static class FreePort
{
    // Below those that the kernel and the Docker engine give out by themselves (net.ipv4.ip_local_port_range).
    private const int Lowest = 20_000;
    private const int Highest = 32_000;

    // Each holds a name, until the end of the process, that no other one can have: several test programs run at the same time.
    private static readonly ConcurrentBag<Socket> Given = [];

    /// <returns>One that is free, and that nobody gets but who asks for just this one.</returns>
    internal static int Next()
    {
        while (true)
        {
            int port = Random.Shared.Next(Lowest, Highest);
            Socket name = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            if (Binds(name, new UnixDomainSocketEndPoint($"\0agent-test-port-{port}")) && IsFree(port))
            {
                Given.Add(name);
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
