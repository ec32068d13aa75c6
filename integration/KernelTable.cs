using System.Globalization;
using System.Net;
using Testing;

namespace Integration;

/// <summary>
/// The TCP sockets of a network namespace, read from /proc/net/tcp and tcp6. It is independent of sock_diag. See proc_pid_net(5).
/// </summary>
internal static class KernelTable
{
    internal const int Established = 1;
    internal const int TimeWait = 6;
    internal const int CloseWait = 8;

    /// <summary>The IPv4 sockets.</summary>
    internal static IReadOnlyList<Row> Read(TestNamespace @in) => Read(@in, "tcp");

    /// <summary>The IPv6 sockets, also those with v4-mapped addresses.</summary>
    internal static IReadOnlyList<Row> ReadIPv6(TestNamespace @in) => Read(@in, "tcp6");

    private static IReadOnlyList<Row> Read(TestNamespace @in, string file) =>
        [.. @in.Run(() => File.ReadAllLines($"/proc/thread-self/net/{file}")).Skip(1).Select(Parse)];

    private static Row Parse(string line)
    {
        string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new Row(EndPoint(fields[1]), EndPoint(fields[2]), Hexadecimal(fields[3]), ReceiveQueue(fields[4]));
    }

    // The kernel prints the address as 32-bit numbers in host byte order, and the port as a plain number.
    private static IPEndPoint EndPoint(string text) =>
        new(new IPAddress([.. Words(text).SelectMany(BitConverter.GetBytes)]), Hexadecimal(text.AsSpan(text.IndexOf(':') + 1)));

    private static IEnumerable<uint> Words(string text) =>
        text.Split(':')[0].Chunk(8).Select(word => uint.Parse(word, NumberStyles.HexNumber));

    private static int Hexadecimal(ReadOnlySpan<char> text) => int.Parse(text, NumberStyles.HexNumber);

    // Send and receive queue: 00000000:0000002A.
    private static int ReceiveQueue(string text) => Hexadecimal(text.AsSpan(9));

    /// <param name="Local">The local end.</param>
    /// <param name="Peer">The other end.</param>
    /// <param name="State">The state, as the kernel numbers it.</param>
    /// <param name="ReceiveQueue">How many bytes the process has not read yet.</param>
    internal sealed record Row(IPEndPoint Local, IPEndPoint Peer, int State, int ReceiveQueue);
}
