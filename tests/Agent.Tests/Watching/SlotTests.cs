using System.Net;
using System.Net.Sockets;
using Agent.Limits;
using Agent.Watching;
using Netlink;
using Testing;

namespace Agent.Tests.Watching;

/// <summary>The held connections are those to which a server with Consul's limiter gave slots.</summary>
public sealed class SlotTests : IDisposable
{
    private const int Limit = 20;

    private static readonly IPAddress One = IPAddress.Parse("127.0.0.1");
    private static readonly IPAddress Two = IPAddress.Parse("127.0.0.2");

    private readonly TestNamespace _host = new();
    private readonly List<Socket> _clients = [];
    private readonly LimitingServer _server;
    private readonly Census _census;
    private int _connected;

    public SlotTests()
    {
        _server = new LimitingServer(_host, Limit, IPAddress.IPv6Any, 8500, 8501);
        Watch consul = new("consul", [8500, 8501]) { Limit = new ClientLimit(Limit, "default") };
        _census = new Census(
            new WatchedNamespace(NetworkNamespace.Parse(_host.Path), null, [consul]), TimeProvider.System, keepsPeaks: false);
    }

    public void Dispose()
    {
        _census.Dispose();
        _clients.ForEach(client => client.Dispose());
        _server.Dispose();
        _host.Dispose();
    }

    [Fact]
    public async Task Two_ports_share_the_slots_of_a_client()
    {
        Connect(One, 8500, 7);
        Connect(One, 8501, 5);
        Connect(Two, 8501, 3);
        await Matched(("127.0.0.1", 12), ("127.0.0.2", 3));
    }

    [Fact]
    public async Task IPv4_over_a_dual_stack_socket_and_IPv6_are_two_clients()
    {
        Connect(One, 8500, 4);
        Connect(IPAddress.IPv6Loopback, 8500, 6);
        await Matched(("127.0.0.1", 4), ("::1", 6));
    }

    [Fact]
    public async Task Client_that_hung_up_holds_its_slot_until_the_server_closes()
    {
        Connect(One, 8500, 10);
        await Answered();
        _clients.Take(6).ToList().ForEach(client => client.Shutdown(SocketShutdown.Both));
        Assert.Equal(4, await Poll.For(() => _census.Take().Ports[0].Ipv4, established => established == 4, "six clients have hung up"));
        await Matched(("127.0.0.1", 10));
        _server.Close(One, 3);
        await Matched(("127.0.0.1", 7));
        _server.Close(One, 7);
        await Matched();
    }

    [Fact]
    public async Task Refused_connection_holds_no_slot()
    {
        Connect(One, 8500, Limit + 9);
        Connect(Two, 8501, Limit - 1);
        await Matched(("127.0.0.1", Limit), ("127.0.0.2", Limit - 1));
        _server.Close(One, 5);
        Connect(One, 8501, 2);
        await Matched(("127.0.0.1", Limit - 3), ("127.0.0.2", Limit - 1));
    }

    [Fact]
    public async Task Unaccepted_connection_holds_no_slot()
    {
        Connect(One, 8500, 5);
        await Answered();
        // A busy server: it listens on the port and accepts nothing.
        using Socket busy = _host.Run(() =>
        {
            Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(Two, 8502));
            listener.Listen(16);
            return listener;
        });
        for (int i = 0; i < 8; i++)
        {
            _clients.Add(Connected(One, new IPEndPoint(Two, 8502)));
        }

        using Census census = new(
            new WatchedNamespace(NetworkNamespace.Parse(_host.Path), null, [new Watch("consul", [8500, 8502])]), TimeProvider.System, keepsPeaks: false);
        NamespaceCounts found = census.Take();
        Assert.Equal(5, Assert.Single(found.Watches).Highest);
        Assert.Equal(8, found.Ports[1].Unaccepted);
        Assert.Equal(8, found.Ports[1].Ipv4);
    }

    private void Connect(IPAddress from, int port, int count)
    {
        IPAddress to = from.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback;
        for (int i = 0; i < count; i++)
        {
            _clients.Add(Connected(from, new IPEndPoint(to, port)));
            _connected++;
        }
    }

    private Socket Connected(IPAddress from, IPEndPoint to) => _host.Run(() =>
    {
        Socket client = new(from.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        client.Bind(new IPEndPoint(from, 0));
        client.Connect(to);
        return client;
    });

    private Task Answered() => Poll.Until(() => _server.Answered == _connected, "the server has answered every connection");

    private async Task Matched(params (string Client, int Slots)[] expected)
    {
        await Answered();
        Dictionary<string, int> slots = _server.Slots;
        Assert.Equal(expected.ToDictionary(client => client.Client, client => client.Slots), slots);
        WatchCounts counts = await Poll.For(
            () => Assert.Single(_census.Take().Watches), counts => counts.Held == slots.Values.Sum(), "the held connections equal the slots");
        Assert.Equal(slots.OrderBy(client => client.Key), counts.Shown.ToDictionary(client => $"{client.Client}", client => client.Held).OrderBy(client => client.Key));
        Assert.Equal(slots.Values.DefaultIfEmpty().Max(), counts.Highest);
        Assert.Equal(slots.Count, counts.Clients);
    }
}
