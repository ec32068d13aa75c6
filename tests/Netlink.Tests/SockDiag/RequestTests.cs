using Netlink.SockDiag;

namespace Netlink.Tests.SockDiag;

/// <summary>Requests byte by byte. The numbers are those of linux/netlink.h and linux/inet_diag.h on a little-endian machine.</summary>
public sealed class RequestTests
{
    private static readonly byte[] NoCookie = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

    [Fact]
    public void One_port_is_in_the_request_itself()
    {
        byte[] expected =
        [
            76, 0, 0, 0, // nlmsg_len: 16 + 60
            18, 0, // nlmsg_type: TCPDIAG_GETSOCK
            0x01, 0x03, // nlmsg_flags: NLM_F_REQUEST | NLM_F_DUMP
            0, 0, 0, 0, // nlmsg_seq: given when it is sent
            0, 0, 0, 0, // nlmsg_pid
            0, // idiag_family: both
            0, // idiag_src_len
            0, // idiag_dst_len
            0, // idiag_ext: no attribute
            0x21, 0x34, // id.idiag_sport: 8500, big-endian
            0, 0, // id.idiag_dport: every port
            .. new byte[16], // id.idiag_src
            .. new byte[16], // id.idiag_dst
            0, 0, 0, 0, // id.idiag_if
            .. NoCookie, // id.idiag_cookie: INET_DIAG_NOCOOKIE
            0x02, 0x04, 0, 0, // idiag_states: 1 << ESTABLISHED | 1 << LISTEN
            0, 0, 0, 0, // idiag_dbs
        ];
        Assert.Equal(expected, new SocketQuery(TcpStates.Established | TcpStates.Listen, 8500).BothFamilies);
    }

    [Fact]
    public void Several_ports_are_a_bytecode_attribute()
    {
        byte[] expected =
        [
            116, 0, 0, 0, // nlmsg_len: 16 + 60 + 4 + 36
            18, 0, // nlmsg_type: TCPDIAG_GETSOCK
            0x01, 0x03, // nlmsg_flags: NLM_F_REQUEST | NLM_F_DUMP
            0, 0, 0, 0, // nlmsg_seq
            0, 0, 0, 0, // nlmsg_pid
            0, 0, 0, 0, // idiag_family, idiag_src_len, idiag_dst_len, idiag_ext
            0, 0, // id.idiag_sport: every port
            0, 0, // id.idiag_dport
            .. new byte[16], // id.idiag_src
            .. new byte[16], // id.idiag_dst
            0, 0, 0, 0, // id.idiag_if
            .. NoCookie, // id.idiag_cookie
            0x02, 0x00, 0, 0, // idiag_states: 1 << ESTABLISHED
            0, 0, 0, 0, // idiag_dbs
            40, 0, // nla_len: 4 + 36
            1, 0, // nla_type: INET_DIAG_REQ_BYTECODE
            // 0: port >= 9000? else to 20
            2, 8, 20, 0, 0, 0, 0x28, 0x23, // S_GE, yes 8, no 20; operand 9000, host order
            // 8: port <= 9001? else reject at 40
            3, 8, 32, 0, 0, 0, 0x29, 0x23, // S_LE, yes 8, no 32; operand 9001
            // 16: accept
            1, 4, 20, 0, // JMP, yes 4, no 20 to 36, the end
            // 20: port >= 8500? else reject at 40
            2, 8, 20, 0, 0, 0, 0x34, 0x21, // S_GE, yes 8, no 20; operand 8500
            // 28: port <= 8500? accept by coming to the end, else reject at 40
            3, 8, 12, 0, 0, 0, 0x34, 0x21, // S_LE, yes 8, no 12; operand 8500
        ];
        Assert.Equal(expected, new SocketQuery(TcpStates.Established, 9001, 8500, 9000).BothFamilies);
    }

    [Fact]
    public void Requests_per_family_differ_only_in_the_family()
    {
        byte[] expected =
        [
            72, 0, 0, 0, // nlmsg_len: 16 + 56
            20, 0, // nlmsg_type: SOCK_DIAG_BY_FAMILY
            0x01, 0x03, // nlmsg_flags: NLM_F_REQUEST | NLM_F_DUMP
            0, 0, 0, 0, // nlmsg_seq
            0, 0, 0, 0, // nlmsg_pid
            2, // sdiag_family: AF_INET
            6, // sdiag_protocol: IPPROTO_TCP
            0, // idiag_ext
            0, // pad
            0x02, 0x01, 0, 0, // idiag_states: 1 << ESTABLISHED | 1 << CLOSE_WAIT
            0x21, 0x34, // id.idiag_sport: 8500, big-endian
            0, 0, // id.idiag_dport
            .. new byte[16], // id.idiag_src
            .. new byte[16], // id.idiag_dst
            0, 0, 0, 0, // id.idiag_if
            .. NoCookie, // id.idiag_cookie
        ];
        SocketQuery query = new(TcpStates.Established | TcpStates.CloseWait, 8500);
        Assert.Equal(2, query.PerFamily.Length);
        Assert.Equal(expected, query.PerFamily[0]);
        expected[16] = 10; // AF_INET6
        Assert.Equal(expected, query.PerFamily[1]);
    }

    [Fact]
    public void No_port_selects_every_port()
    {
        byte[] request = new SocketQuery(TcpStates.Established).BothFamilies;
        Assert.Equal(76, request.Length);
        Assert.Equal([0, 0], request[20..22]);
    }

    [Fact]
    public void Duplicate_port_is_ignored() => Assert.Equal([80, 443], new SocketQuery(TcpStates.Listen, 443, 80, 443).LocalPorts);

    [Fact]
    public void No_state_and_port_zero_are_rejected()
    {
        Assert.Throws<ArgumentException>(() => new SocketQuery(TcpStates.None, 80));
        Assert.Throws<ArgumentException>(() => new SocketQuery(TcpStates.Listen, 80, 0));
    }
}
