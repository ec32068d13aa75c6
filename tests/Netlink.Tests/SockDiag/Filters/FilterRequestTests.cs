using Netlink.SockDiag;
using Netlink.SockDiag.Filters;

namespace Netlink.Tests.SockDiag.Filters;

/// <summary>Requests with filters byte by byte. The numbers are those of linux/inet_diag.h on a little-endian machine.</summary>
public sealed class FilterRequestTests
{
    private const int RequestLength = 16 + 60;

    [Fact]
    public void Address_condition_has_the_layout_of_the_kernels_struct()
    {
        byte[] expected =
        [
            56, 0, // nla_len: 4 + 52
            1, 0, // nla_type: INET_DIAG_REQ_BYTECODE
            8, 16, 20, 0, // D_COND, yes 16, no 20 to S_COND
            2, 8, 0, 0, // family AF_INET, prefix_len 8, padding
            0xbb, 0x01, 0, 0, // port 443, host order
            10, 0, 0, 0, // addr, big-endian
            1, 4, 40, 0, // JMP, no 40: reject, 4 past the end
            7, 28, 32, 0, // S_COND, yes 28, no 32 to the end: accept
            10, 32, 0, 0, // family AF_INET6, prefix_len 32, padding
            0xff, 0xff, 0xff, 0xff, // port: every one
            0x20, 0x01, 0x0d, 0xb8, .. new byte[12], // addr
            1, 4, 8, 0, // JMP, no 8: reject
        ];
        SocketFilter filter = SocketFilter.Parse("not ( dst 10.1.2.3/8:443 or src 2001:db8::/32 )");
        Assert.Equal(expected, new SocketQuery(TcpStates.Established, filter).BothFamilies[RequestLength..]);
    }

    [Fact]
    public void One_port_is_in_the_request_and_the_filter_is_the_whole_program()
    {
        SocketFilter filter = SocketFilter.Parse("dport >= :1024");
        byte[] expected = new SocketQuery(TcpStates.Established, 8500).BothFamilies;
        byte[] request = new SocketQuery(TcpStates.Established, filter, 8500).BothFamilies;

        expected[0] = (byte)request.Length;
        Assert.Equal(expected, request[..RequestLength]);
        Assert.Equal(
            [
                12, 0, 1, 0, // nla_len, nla_type
                4, 8, 12, 0, 0, 0, 0x00, 0x04, // D_GE, yes 8, no 12: reject; operand 1024, host order
            ],
            request[RequestLength..]);
    }

    [Fact]
    public void Several_ports_come_before_the_filter()
    {
        SocketFilter filter = SocketFilter.Parse("dport <= :1024");
        Assert.Equal(
            [
                48, 0, 1, 0, // nla_len, nla_type
                // 0: port >= 9000? else to 20
                2, 8, 20, 0, 0, 0, 0x28, 0x23,
                // 8: port <= 9001? else reject at 48
                3, 8, 40, 0, 0, 0, 0x29, 0x23,
                // 16: to the filter at 36
                1, 4, 20, 0,
                // 20: port >= 8500? else reject at 48
                2, 8, 28, 0, 0, 0, 0x34, 0x21,
                // 28: port <= 8500? else reject at 48
                3, 8, 20, 0, 0, 0, 0x34, 0x21,
                // 36: peer's port <= 1024? accept by coming to the end at 44, else reject at 48
                5, 8, 12, 0, 0, 0, 0x00, 0x04,
            ],
            new SocketQuery(TcpStates.Established, filter, 9001, 8500, 9000).BothFamilies[RequestLength..]);
    }

    [Fact]
    public void Requests_per_family_have_the_same_program()
    {
        SocketQuery query = new(TcpStates.Established, SocketFilter.Parse("dst 10.0.0.0/8"), 80, 443);
        byte[] attribute = query.BothFamilies[RequestLength..];
        Assert.All(query.PerFamily, request => Assert.Equal(attribute, request[(16 + 56)..]));
    }

    [Fact]
    public void Filter_that_matches_every_socket_does_not_change_the_request()
    {
        byte[] plain = new SocketQuery(TcpStates.Established, 80, 443).BothFamilies;
        Assert.Equal(plain, new SocketQuery(TcpStates.Established, filter: null, 80, 443).BothFamilies);
        Assert.Equal(plain, new SocketQuery(TcpStates.Established, SocketFilter.Parse("dst *"), 80, 443).BothFamilies);
        Assert.Equal(RequestLength, new SocketQuery(TcpStates.Established, SocketFilter.Parse("dst *")).BothFamilies.Length);
    }

    [Fact]
    public void Ports_and_a_filter_that_are_too_long_together_are_rejected()
    {
        SocketFilter filter = SocketFilter.Parse("sport != :80");
        ushort[] ports = [.. Enumerable.Range(1, PortFilter.MaxRanges).Select(i => (ushort)(i * 2))];
        Assert.Equal(ports.Length - 1, new SocketQuery(TcpStates.Listen, filter, ports[1..]).LocalPorts.Length);

        ArgumentException refused = Assert.Throws<ArgumentException>(() => new SocketQuery(TcpStates.Listen, filter, ports));
        Assert.StartsWith(
            "3276 separate port ranges and the filter are too long together for the kernel; use fewer ports or a shorter filter",
            refused.Message,
            StringComparison.Ordinal);
    }
}
