using System.Net;
using System.Net.Sockets;

namespace Testing;

/// <summary>Checks whether a server listens, with a connection to it.</summary>
internal static class Listening
{
    internal static bool At(IPEndPoint where)
    {
        using Socket client = new(where.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            client.Connect(where);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
