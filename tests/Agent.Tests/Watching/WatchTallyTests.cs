using System.Buffers.Binary;
using Agent.Watching;
using Agent.Watching.Dead;
using Netlink.SockDiag;

namespace Agent.Tests.Watching;

public sealed class WatchTallyTests
{
    /// <summary>Connections are looked up in growing batches. None may be lost between two batches, for any number of connections.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(129)]
    [InlineData(2047)]
    [InlineData(2048)]
    [InlineData(2049)]
    [InlineData(4097)]
    [InlineData(10_000)]
    public void Every_connection_is_counted_once_in_each_census(int connections)
    {
        const int Clients = 300;
        WatchTally tally = new(new Watch("consul", [8500]), time: null);
        for (int census = 0; census < 3; census++)
        {
            tally.Clear();
            for (int i = 0; i < connections; i++)
            {
                tally.Add(Client(i % Clients));
            }

            tally.Complete();
            WatchCounts counts = tally.ToCounts(new DeadConnections([8500], filter: null, TimeProvider.System));
            Assert.Equal(connections, counts.Held);
            Assert.Equal(Math.Min(connections, Clients), counts.Clients);
            Assert.Equal((connections + Clients - 1) / Clients, counts.Highest);
        }
    }

    [Fact]
    public void Connections_of_a_failed_census_are_not_in_the_next_one()
    {
        WatchTally tally = new(new Watch("consul", [8500]), time: null);
        tally.Add(Client(1));
        tally.Clear();
        tally.Add(Client(2));
        tally.Complete();
        Assert.Equal([new ClientCount(new(Client(2)), 1)], tally.ToCounts(new DeadConnections([8500], filter: null, TimeProvider.System)).Shown);
    }

    private static InetAddress Client(int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return InetAddress.FromIPv4(bytes);
    }
}
