using System.Globalization;
using System.Net;
using Testing;

namespace Integration;

/// <summary>
/// The IPv4 TCP sockets of a network namespace, read from /proc/net/tcp. It is independent of sock_diag. See proc_pid_net(5).
/// </summary>
internal static class KernelTable
{
    internal const int Established = 1;
    internal const int TimeWait = 6;

    internal static IReadOnlyList<Row> Read(TestNamespace @in) =>
        [.. @in.Run(() => File.ReadAllLines("/proc/thread-self/net/tcp")).Skip(1).Select(Parse)];

    private static Row Parse(string line)
    {
        string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new Row(EndPoint(fields[1]), EndPoint(fields[2]), Hexadecimal(fields[3]));
    }

    // The kernel prints the address as a 32-bit number in host byte order, and the port as a plain number.
    private static IPEndPoint EndPoint(string text) =>
        new(new IPAddress(BitConverter.GetBytes(uint.Parse(text.AsSpan(0, 8), NumberStyles.HexNumber))), Hexadecimal(text.AsSpan(9)));

    private static int Hexadecimal(ReadOnlySpan<char> text) => int.Parse(text, NumberStyles.HexNumber);

    internal sealed record Row(IPEndPoint Local, IPEndPoint Peer, int State);
}
