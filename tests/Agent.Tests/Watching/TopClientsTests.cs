using System.Collections.Immutable;
using System.Net;
using Agent.Watching;
using Netlink.SockDiag;

namespace Agent.Tests.Watching;

public sealed class TopClientsTests
{
    [Fact]
    public void Those_that_hold_most_come_first_and_the_lower_address_at_equal_counts() =>
        Assert.Equal(
            ["10.0.0.3 9", "10.0.0.1 5", "10.0.0.2 5", "2001:db8::1 5"],
            Choose(new TopClients(4), ("2001:db8::1", 5), ("10.0.0.2", 5), ("10.0.0.9", 1), ("10.0.0.3", 9), ("10.0.0.1", 5)));

    [Fact]
    public void At_equal_counts_those_already_shown_stay()
    {
        TopClients top = new(2);
        Assert.Equal(["10.0.0.8 3", "10.0.0.9 3"], Choose(top, ("10.0.0.9", 3), ("10.0.0.8", 3)));
        Assert.Equal(["10.0.0.8 3", "10.0.0.9 3"], Choose(top, ("10.0.0.1", 3), ("10.0.0.9", 3), ("10.0.0.2", 3), ("10.0.0.8", 3)));
        Assert.Equal(["10.0.0.1 4", "10.0.0.8 3"], Choose(top, ("10.0.0.1", 4), ("10.0.0.9", 3), ("10.0.0.8", 3)));
        Assert.Equal(["10.0.0.1 4", "10.0.0.8 3"], Choose(top, ("10.0.0.7", 3), ("10.0.0.8", 3), ("10.0.0.9", 3), ("10.0.0.1", 4)));
    }

    [Fact]
    public void Without_any_to_show_none_is_chosen() => Assert.Empty(Choose(new TopClients(0), ("10.0.0.1", 1)));

    [Fact]
    public void Of_fewer_clients_all_are_shown() => Assert.Equal(["10.0.0.1 1"], Choose(new TopClients(10), ("10.0.0.1", 1)));

    [Fact]
    public void The_choice_is_that_of_sorting_them_all()
    {
        Random random = new(1);
        for (int round = 0; round < 200; round++)
        {
            (string Address, int Held)[] clients =
                [.. Enumerable.Range(0, random.Next(60)).Select(i => ($"10.0.{random.Next(2)}.{i}", random.Next(1, 6)))];
            Assert.Equal(
                clients.OrderByDescending(client => client.Held).ThenBy(client => Parse(client.Address)).Take(7)
                    .Select(client => $"{client.Address} {client.Held}"),
                Choose(new TopClients(7), clients));
        }
    }

    private static IEnumerable<string> Choose(TopClients top, params (string Address, int Held)[] clients)
    {
        ClientTally tally = new();
        foreach ((string address, int held) in clients)
        {
            for (int i = 0; i < held; i++)
            {
                tally.Add([Parse(address)]);
            }
        }

        ImmutableArray<ClientCount> chosen = top.Choose(tally);
        return chosen.Select(client => $"{client.Address} {client.Held}");
    }

    private static InetAddress Parse(string address)
    {
        byte[] bytes = IPAddress.Parse(address).GetAddressBytes();
        return bytes.Length == 4 ? InetAddress.FromIPv4(bytes) : InetAddress.FromIPv6(bytes);
    }
}
