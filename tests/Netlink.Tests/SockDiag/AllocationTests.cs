using Netlink.SockDiag;
using Testing;

namespace Netlink.Tests.SockDiag;

public sealed class AllocationTests
{
    private const int Sockets = 300;
    private static readonly SocketQuery Query = new(TcpStates.Established, 8500);

    [Fact]
    public void Dump_allocates_nothing()
    {
        using SockDiagClient client = new(() => new Replay(), TimeProvider.System);
        Assert.Equal(Sockets, Count(client));

        int dumps = 0;
        int counted = 0;
        Allocations.AreNone(() =>
        {
            counted += Count(client);
            dumps++;
        });

        Assert.Equal(dumps * Sockets, counted);
    }

    private static int Count(SockDiagClient client)
    {
        int count = 0;
        foreach (InetSocket socket in client.Dump(Query))
        {
            count += socket.PeerAddress.IsIPv4 && socket.LocalPort == 8500 && socket.State == TcpState.Established ? 1 : 0;
        }

        return count;
    }

    /// <summary>Answers each request with the same datagram, without allocations.</summary>
    private sealed class Replay : INetlinkChannel
    {
        private readonly byte[] _datagram =
            [.. Enumerable.Range(1, Sockets).SelectMany(i => Replies.Socket(0, (ulong)i)), .. Replies.Done(0)];

        public uint PortId => ScriptedKernel.OwnPortId;

        public int Send(ReadOnlySpan<byte> request)
        {
            for (int at = 0; at < _datagram.Length; at += BitConverter.ToInt32(_datagram.AsSpan(at)))
            {
                request[8..12].CopyTo(_datagram.AsSpan(at + 8));
            }

            return 0;
        }

        public int Receive(Span<byte> buffer, out uint senderPortId)
        {
            senderPortId = 0;
            _datagram.CopyTo(buffer);
            return _datagram.Length;
        }

        public void Dispose()
        {
        }
    }
}
