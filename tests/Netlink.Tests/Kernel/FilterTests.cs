using System.Net;
using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;
using Netlink.SockDiag;
using Netlink.SockDiag.Filters;
using Netlink.Tests.SockDiag.Filters;
using Testing;

namespace Netlink.Tests.Kernel;

/// <summary>Filters in the real kernel, compared with their meaning and with ss.</summary>
public sealed class FilterTests : IDisposable
{
    private const ushort IPv4Port = 8500;
    private const ushort IPv6Port = 8501;
    private const ushort DualStackPort = 8502;

    // Expressions with the same meaning here and in ss, in the notation of ss with spaces and brackets.
    private static readonly string[] AsInSs =
    [
        "sport = :8500", "sport != :8500", "dport = :8500", "sport >= :8501", "sport > :8501", "sport <= :8501", "sport < :8501",
        "sport 8502", "sport geq :8500 sport leq :8501", "dport ge :8500 and dport lt :8502", "sport = :8500 or dport = :8502",
        "sport :8500 | sport :8502", "not sport = :8500", "! dport :8500 && ! dport :8501", "not ( sport = :8500 or dport = :8501 )",
        "not not sport = :8501", "dst 127.0.0.0/8 and not dport = :8502", "dst 127.0.0.2", "dst 127.0.0.2/31",
        "dst 127.0.0.0/30 or dst [::1]", "src 127/8:8500", "src 127.0.0.1:8502", "dst 0.0.0.0/0", "src 0.0.0.0/0:8502", "dst [::1]",
        "dst [::1]:8501", "not dst [::1]", "src [::1/128]:8502", "dst ::1/127", "dst [::1]:8501 or dst 127.0.0.3", "dst *", "dst *:8502",
        "dst :8502", "src *:8500 and dst 127.0.0.3:*", "dst 10.0.0.0/8", "dst [2001:db8::/32]",
        "( sport = :8500 or sport = :8502 ) dst 127.0.0.2", "( dst 127.0.0.2 and sport = :8500 ) or ( dst 127.0.0.3 and sport = :8502 )",
        "dst 127.0.0.9",
    ];

    // Expressions that ss rejects or reads differently.
    private static readonly string[] OtherThanInSs =
    [
        "dst ::/0", "not src ::/0", "src ::/0:8502", "dst ::/64", "dst ::ffff:0:0/96", "dst ::ffff:127.0.0.2",
        "dst [::ffff:127.0.0.0/104]:8500", "dst ::1", "dst != 127.0.0.2", "not dst 0.0.0.0/0", "!(sport=:8500||sport=:8501)",
        "dst ::/0 or dst 0.0.0.0/0", "dst ::/0 and dst 0.0.0.0/0",
    ];

    private static readonly int[] SomePorts = [0, IPv4Port, IPv6Port, DualStackPort, 32_768, 45_000];
    private static readonly uint[] SomeIPv4 = [0x7f00_0001, 0x7f00_0002, 0x7f00_0003, 0x7f01_0001, 0x0a00_0001];
    private static readonly UInt128[] SomeIPv6 = [1, 1, 0, (UInt128)0xffff_7f00_0002];

    private readonly TestNamespace _host;
    private readonly List<Connections> _servers;
    private readonly SockDiagClient _client = new();

    public FilterTests()
    {
        _host = new TestNamespace();
        _servers =
        [
            new Connections(_host, IPv4Port), new Connections(_host, IPv6Port, IPAddress.IPv6Loopback),
            new Connections(_host, DualStackPort, IPAddress.IPv6Any),
        ];
        foreach (Connections server in (Connections[])[_servers[0], _servers[2]])
        {
            server.Accept(2);
            server.Accept(1, to: IPAddress.Loopback, from: IPAddress.Parse("127.0.0.2"));
            server.Accept(1, to: IPAddress.Loopback, from: IPAddress.Parse("127.0.0.3"));
            server.Accept(1, to: IPAddress.Parse("127.0.0.1"), from: IPAddress.Parse("127.1.0.1"));
        }

        foreach (Connections server in (Connections[])[_servers[1], _servers[2]])
        {
            server.Accept(2, to: IPAddress.IPv6Loopback);
        }
    }

    [Fact]
    public void Kernel_returns_the_sockets_that_match_the_expression()
    {
        List<Row> all = Dump(filter: null);
        // Both ends of each connection; those of the dual-stack server are IPv6 sockets.
        Assert.Equal(28, all.Count);
        Assert.Equal(5, all.Count(row => row is { PeerIsIPv4: true, Family: AddressFamily.InterNetworkV6 }));

        Assert.All((IEnumerable<string>)[.. AsInSs, .. OtherThanInSs], text =>
        {
            SocketFilter filter = SocketFilter.Parse(text);
            Assert.Equal(Expected(all, filter), Cookies(Dump(filter)));
        });
    }

    [Fact]
    public void Kernel_returns_the_sockets_that_match_random_expressions()
    {
        List<Row> all = Dump(filter: null);
        HashSet<int> sizes = [];
        Prop.ForAll(Generators.ExpressionsOver(SomePorts, SomeIPv4, SomeIPv6).ToArbitrary(), expression =>
        {
            SocketFilter filter = SocketFilter.Parse(expression.ToString());
            ulong[] expected = Expected(all, filter);
            sizes.Add(expected.Length);
            return expected.SequenceEqual(Cookies(Dump(filter)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

        Assert.InRange(sizes.Count, 5, all.Count + 1);
    }

    [Fact]
    public void Matches_agrees_with_the_kernel()
    {
        List<Row> all = Dump(filter: null);
        Assert.All((IEnumerable<string>)[.. AsInSs, .. OtherThanInSs], text =>
        {
            SocketFilter filter = SocketFilter.Parse(text);
            Assert.Equal(Cookies(Dump(filter)), Matching(all, filter));
        });
        HashSet<int> sizes = [];
        Prop.ForAll(Generators.ExpressionsOver(SomePorts, SomeIPv4, SomeIPv6).ToArbitrary(), expression =>
        {
            SocketFilter filter = SocketFilter.Parse(expression.ToString());
            ulong[] matching = Matching(all, filter);
            sizes.Add(matching.Length);
            return matching.SequenceEqual(Cookies(Dump(filter)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

        Assert.InRange(sizes.Count, 5, all.Count + 1);
    }

    [Fact]
    public void Filter_combines_with_ports_and_states()
    {
        SocketFilter filter = SocketFilter.Parse("dst 127.0.0.2 or dst ::1 or dport 0");
        Assert.Equal([IPv4Port, DualStackPort, DualStackPort, DualStackPort], Ports(TcpStates.Established, IPv4Port, DualStackPort));
        Assert.Equal([DualStackPort, DualStackPort, DualStackPort], Ports(TcpStates.Established, DualStackPort));
        Assert.Equal([DualStackPort], Ports(TcpStates.Listen, DualStackPort));
        Assert.Equal([IPv4Port, IPv6Port], Ports(TcpStates.Listen, IPv4Port, IPv6Port));

        IEnumerable<int> Ports(TcpStates states, params ushort[] ports) =>
            Dump(new SocketQuery(states, filter, ports)).Select(row => row.Local.Port).Order();
    }

    [Fact]
    public void Longest_filter_is_accepted_by_the_kernel()
    {
        string[] predicates = [.. Enumerable.Range(1, 3000).Select(i => $"dst 10.{i / 256}.{i % 256}.0/24"), "dst 127.0.0.2"];
        Assert.Equal(2, Dump(SocketFilter.Parse(string.Join(" or ", predicates))).Count);
        Assert.Empty(Dump(SocketFilter.Parse(string.Join(" or ", predicates[..^1]))));
    }

    [Fact]
    public async Task Filters_select_the_same_sockets_as_ss()
    {
        // Prefixes with the same meaning in ss and here: none that contains v4-mapped addresses, and no IPv4 prefix of zeros
        // only, which ss also finds in ::1. The fifth bit of each of these addresses is 1. A prefix
        // of more than 96 bits of a v4-mapped address is an IPv4 prefix.
        IEnumerable<string> random = Generators
            .ExpressionsOver(SomePorts, SomeIPv4, SomeIPv6, shortestIPv4Prefix: 5, shortestIPv6Prefix: 96 + 5)
            .Sample(12, 40).Select(expression => expression.ToString());
        List<string> shown = [];
        foreach (string text in (IEnumerable<string>)[.. AsInSs, .. random])
        {
            IEnumerable<string> ours = Dump(SocketFilter.Parse(text))
                .Select(row => $"{row.Local} {row.Peer}").Order(StringComparer.Ordinal);
            string[] ss = await Ss(text);
            shown.AddRange(ss);
            Assert.True(ours.SequenceEqual(ss), $"{text}\nhere: {string.Join(", ", ours)}\nss: {string.Join(", ", ss)}");
        }

        Assert.InRange(shown.Count, 100, int.MaxValue);
    }

    [Fact]
    public async Task Ss_differs_in_IP_versions_as_documented()
    {
        // The documentation describes these differences. If ss changes, the documentation must change.
        Assert.Equal(8 + 5, (await Ss("dst [::/0]")).Length);
        Assert.Equal(8, Dump(SocketFilter.Parse("dst [::/0]")).Count);
        Assert.Equal(5, (await Ss("dst [::ffff:127.0.0.0/104]")).Length);
        Assert.Equal(20, Dump(SocketFilter.Parse("dst [::ffff:127.0.0.0/104]")).Count);
        Assert.Equal(20, (await Ss("dst 127.0.0.0/8")).Length);
        Assert.Empty(await Ss("not dst 0.0.0.0/0"));
        Assert.Equal(8, Dump(SocketFilter.Parse("not dst 0.0.0.0/0")).Count);
    }

    [Fact]
    public async Task Ss_evaluates_from_left_to_right_unlike_its_manual()
    {
        // This is why an 'and' after an 'or' is rejected.
        Assert.Empty(await Ss("sport = :8500 or sport = :8502 and sport = :8501"));
        Assert.Equal(5, (await Ss("sport = :8500 or ( sport = :8502 and sport = :8501 )")).Length);
        Assert.Throws<SocketFilterException>(() => SocketFilter.Parse("sport = :8500 or sport = :8502 and sport = :8501"));
    }

    public void Dispose()
    {
        _client.Dispose();
        _servers.ForEach(server => server.Dispose());
        _host.Dispose();
    }

    private static ulong[] Expected(IEnumerable<Row> all, SocketFilter filter) =>
        Cookies(all.Where(row => Evaluation.Holds(filter.Expression, row.Local, row.Peer)));

    private static ulong[] Matching(IEnumerable<Row> all, SocketFilter filter) => Cookies(all.Where(row => filter.Expression.Matches(
        new ConnectionEnds(InetAddressOf(row.Local), (ushort)row.Local.Port, InetAddressOf(row.Peer), (ushort)row.Peer.Port))));

    private static InetAddress InetAddressOf(IPEndPoint end) => end.AddressFamily == AddressFamily.InterNetwork
        ? InetAddress.FromIPv4(end.Address.GetAddressBytes())
        : InetAddress.FromIPv6(end.Address.GetAddressBytes());

    private static ulong[] Cookies(IEnumerable<Row> rows) => [.. rows.Select(row => row.Cookie).Order()];

    /// <summary>The two ends of each socket in the output of ss.</summary>
    private async Task<string[]> Ss(string expression)
    {
        (int exitCode, string output) = await Tool.Run(
            InNamespace.Program,
            InNamespace.Arguments(
                _host, Requires.Program("ss", "iproute2"), "--no-header", "--tcp", "--numeric", "state", "established", expression));
        Assert.True(exitCode == 0, $"{expression}\n{output}");
        // Recv-Q Send-Q Local Address:Port Peer Address:Port
        return
        [
            .. output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(fields => $"{EndPoint(fields[2])} {EndPoint(fields[3])}")
                .Order(StringComparer.Ordinal),
        ];
    }

    private static IPEndPoint EndPoint(string text)
    {
        IPEndPoint end = IPEndPoint.Parse(text);
        return end.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(end.Address.MapToIPv4(), end.Port) : end;
    }

    private List<Row> Dump(SocketFilter? filter) => Dump(new SocketQuery(TcpStates.Established, filter));

    private List<Row> Dump(SocketQuery query) => _host.Run(() =>
    {
        List<Row> rows = [];
        foreach (InetSocket socket in _client.Dump(query))
        {
            rows.Add(Row.Of(socket));
        }

        return rows;
    });
}
