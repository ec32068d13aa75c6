using System.Net;
using System.Net.Sockets;

namespace Testing;

/// <summary>Ports of loopback for programs that cannot be asked to choose one and say which.</summary>
internal static class FreePort
{
    // Below those that the kernel and the Docker engine give out by themselves (net.ipv4.ip_local_port_range).
    private const int Lowest = 20_000;
    private const int Highest = 32_000;

    private static readonly HashSet<int> Given = [];

    /// <returns>One that is free, and that nobody gets but who asks for just this one.</returns>
    internal static int Next()
    {
        lock (Given)
        {
            while (true)
            {
                int port = Random.Shared.Next(Lowest, Highest);
                if (IsFree(port) && Given.Add(port))
                {
                    return port;
                }
            }
        }
    }

    private static bool IsFree(int port)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
