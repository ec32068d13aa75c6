using System.Buffers.Binary;
using Agent.Watching;
using Netlink.SockDiag;
using Testing;

namespace Agent.Tests.Watching;

public sealed class ClientTallyTests
{
    [Fact]
    public void Connections_are_counted_by_address()
    {
        ClientTally tally = new();
        tally.Add([Client(1)]);
        tally.Add([Client(2)]);
        tally.Add([Client(1)]);

        Assert.Equal((2, 3L), (tally.Clients, tally.Connections));
        Assert.Equal([new ClientCount(new(Client(1)), 2), new ClientCount(new(Client(2)), 1)], Sorted(tally));
    }

    [Fact]
    public void Growing_tally_loses_no_client()
    {
        const int Many = 100_000;
        ClientTally tally = new();
        for (uint round = 0; round < 2; round++)
        {
            for (uint client = 0; client < Many; client++)
            {
                tally.Add([Client(client)]);
            }
        }

        Assert.Equal((Many, 2L * Many), (tally.Clients, tally.Connections));
        List<ClientCount> counts = Sorted(tally);
        Assert.Equal(Many, counts.Distinct().Count());
        Assert.All(counts, count => Assert.Equal(2, count.Held));
    }

    [Fact]
    public void Cleared_tally_is_empty_even_after_a_burst()
    {
        ClientTally tally = new();
        for (uint client = 0; client < 10_000; client++)
        {
            tally.Add([Client(client)]);
        }

        // With few clients, the tally halves its memory at each clear.
        for (int census = 0; census < 20; census++)
        {
            tally.Clear();
            Assert.Equal((0, 0L), (tally.Clients, tally.Connections));
            tally.Add([Client(7)]);
            Assert.Equal([new ClientCount(new(Client(7)), 1)], Sorted(tally));
        }
    }

    [Fact]
    public void Full_tally_counts_again_without_allocating()
    {
        ClientTally tally = new();
        Fill(tally);
        Allocations.AreNone(() => Fill(tally));

        static void Fill(ClientTally tally)
        {
            tally.Clear();
            for (uint client = 0; client < 5000; client++)
            {
                tally.Add([Client(client)]);
            }
        }
    }

    [Fact]
    public void Too_many_clients_are_a_failure_and_not_a_wrong_count()
    {
        ClientTally tally = new();
        InvalidOperationException refused = Assert.Throws<InvalidOperationException>(() =>
        {
            for (uint client = 0; client <= ClientTally.MostClients; client++)
            {
                tally.Add([Client(client)]);
            }
        });
        Assert.Equal("more than 1048576 clients hold connections", refused.Message);
    }

    private static InetAddress Client(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return InetAddress.FromIPv4(bytes);
    }

    private static List<ClientCount> Sorted(ClientTally tally)
    {
        List<ClientCount> counts = [];
        foreach (ClientCount count in tally)
        {
            counts.Add(count);
        }

        return [.. counts.OrderBy(count => count.Client)];
    }
}
