using System.Collections.Immutable;
using System.Net;
using Agent.Watching;
using Netlink.SockDiag;

namespace Agent.Tests.Watching;

/// <summary>The choice of the shown clients, and its cost.</summary>
public sealed class TopClientsTests
{
    [Fact]
    public void Highest_count_comes_first_and_at_equal_counts_the_lower_address() =>
        Assert.Equal(
            ["10.0.0.3 9", "10.0.0.1 5", "10.0.0.2 5", "2001:db8::1 5"],
            Choose(new TopClients(4), ("2001:db8::1", 5), ("10.0.0.2", 5), ("10.0.0.9", 1), ("10.0.0.3", 9), ("10.0.0.1", 5)));

    [Fact]
    public void Shown_clients_stay_at_equal_counts()
    {
        TopClients top = new(2);
        Assert.Equal(["10.0.0.8 3", "10.0.0.9 3"], Choose(top, ("10.0.0.9", 3), ("10.0.0.8", 3)));
        Assert.Equal(["10.0.0.8 3", "10.0.0.9 3"], Choose(top, ("10.0.0.1", 3), ("10.0.0.9", 3), ("10.0.0.2", 3), ("10.0.0.8", 3)));
        Assert.Equal(["10.0.0.1 4", "10.0.0.8 3"], Choose(top, ("10.0.0.1", 4), ("10.0.0.9", 3), ("10.0.0.8", 3)));
        Assert.Equal(["10.0.0.1 4", "10.0.0.8 3"], Choose(top, ("10.0.0.7", 3), ("10.0.0.8", 3), ("10.0.0.9", 3), ("10.0.0.1", 4)));
    }

    [Fact]
    public void No_client_is_chosen_if_none_may_be_shown() => Assert.Empty(Choose(new TopClients(0), ("10.0.0.1", 1)));

    [Fact]
    public void All_clients_are_chosen_if_they_are_few() => Assert.Equal(["10.0.0.1 1"], Choose(new TopClients(10), ("10.0.0.1", 1)));

    [Fact]
    public void Choice_equals_a_sort_of_all_clients()
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

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(40)]
    [InlineData(100)]
    public void Choice_over_several_censuses_equals_a_sort_that_prefers_shown_clients(int shown)
    {
        Random random = new(shown);
        TopClients top = new(shown);
        HashSet<InetAddress> before = [];
        for (int round = 0; round < 50; round++)
        {
            (string Address, int Held)[] clients =
            [
                .. Enumerable.Range(0, random.Next(500)).Select(i => ($"10.{random.Next(2)}.{i / 250}.{i % 250}", random.Next(1, 4)))
                    .OrderBy(_ => random.Next()),
            ];
            (InetAddress Address, int Held)[] chosen =
            [
                .. clients.Select(client => (Address: Parse(client.Address), client.Held))
                    .OrderByDescending(client => client.Held).ThenByDescending(client => before.Contains(client.Address)).ThenBy(client => client.Address)
                    .Take(shown)
                    .OrderByDescending(client => client.Held).ThenBy(client => client.Address),
            ];
            Assert.Equal(chosen.Select(client => $"{client.Address} {client.Held}"), Choose(top, clients));
            before = [.. chosen.Select(client => client.Address)];
        }
    }

    [Theory]
    [InlineData("rising", 2_500)]
    [InlineData("falling", 2_500)]
    [InlineData("falling", 10)]
    [InlineData("falling", 1)]
    [InlineData("mixed", 2_500)]
    [InlineData("rising counts", 2_500)]
    public void Choice_of_many_clients_takes_about_as_many_comparisons_as_a_sort(string order, int shown)
    {
        const int Clients = 20_000;
        ClientTally tally = new();
        Random random = new(1);
        for (int i = 0; i < Clients; i++)
        {
            uint number = order switch
            {
                "falling" => (uint)(Clients - i),
                "mixed" => (uint)random.Next(),
                _ => (uint)i,
            };
            byte[] address = [(byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number];
            for (int held = 0; held <= (order == "rising counts" ? i / 1000 : 0); held++)
            {
                tally.Add([InetAddress.FromIPv4(address)]);
            }
        }

        long comparisons = 0;
        TopClients top = new(shown, Comparer<Client>.Create((left, right) =>
        {
            comparisons++;
            return left.CompareTo(right);
        }));
        for (int census = 0; census < 2; census++)
        {
            Assert.Equal(shown, top.Choose(tally).Length);
        }

        // Two censuses, each with at most a few times the comparisons of a sort of all clients. Comparing each pair would take hundreds of times as many.
        Assert.InRange(comparisons, 1, 2 * 4 * Clients * (long)Math.Ceiling(Math.Log2(Clients)));
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
        return chosen.Select(client => $"{client.Client} {client.Held}");
    }

    private static InetAddress Parse(string address)
    {
        byte[] bytes = IPAddress.Parse(address).GetAddressBytes();
        return bytes.Length == 4 ? InetAddress.FromIPv4(bytes) : InetAddress.FromIPv6(bytes);
    }
}
