using Agent.Limits;

namespace Agent.Tests.Limits;

public sealed class HostAndPortTests
{
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", null)]
    [InlineData("127.0.0.1:8500", "127.0.0.1", 8500)]
    [InlineData("0.0.0.0:1", "0.0.0.0", 1)]
    [InlineData("255.255.255.255:65535", "255.255.255.255", 65535)]
    [InlineData("localhost", "localhost", null)]
    [InlineData("consul.example:8501", "consul.example", 8501)]
    [InlineData("consul.example.:8501", "consul.example.", 8501)]
    [InlineData("CONSUL-1.Example", "CONSUL-1.Example", null)]
    [InlineData("my_consul:8500", "my_consul", 8500)]
    [InlineData("127.0.0.1.nip.io", "127.0.0.1.nip.io", null)]
    [InlineData("8500.example", "8500.example", null)]
    [InlineData("0x7f.example", "0x7f.example", null)]
    [InlineData("0xfoo", "0xfoo", null)]
    [InlineData("node.1a", "node.1a", null)]
    [InlineData("deadbeef", "deadbeef", null)]
    [InlineData("[::1]", "[::1]", null)]
    [InlineData("[::1]:8500", "[::1]", 8500)]
    [InlineData("[2001:DB8::1]:8500", "[2001:DB8::1]", 8500)]
    [InlineData("[::ffff:127.0.0.1]:8500", "[::ffff:127.0.0.1]", 8500)]
    [InlineData("[fe80::1%eth0]:8500", "[fe80::1%eth0]", 8500)]
    [InlineData("[fe80::1%2]", "[fe80::1%2]", null)]
    public void Name_IPv4_and_IPv6_are_hosts(string text, string host, int? port) => Assert.Equal(new HostAndPort(host, port), HostAndPort.Parse(text));

    [Theory]
    [InlineData("8500")]
    [InlineData("8500:8500")]
    [InlineData("8500.")]
    [InlineData("0")]
    [InlineData("2130706433")]
    [InlineData("0177.0.0.1")]
    [InlineData("0177.0.0.1:8500")]
    [InlineData("010.0.0.1")]
    [InlineData("127.0.0.01")]
    [InlineData("127.1")]
    [InlineData("127.0.1")]
    [InlineData("0x7f.1")]
    [InlineData("0X7F000001")]
    [InlineData("0x7f000001:8500")]
    [InlineData("127.0.0.0x1")]
    [InlineData("0x")]
    [InlineData("example.0x")]
    [InlineData("example.1")]
    [InlineData("256.0.0.1")]
    [InlineData("1.2.3.4.5")]
    [InlineData("127.0.0.1.")]
    [InlineData("127.0.0.1.:8500")]
    [InlineData("017700000001")]
    [InlineData("99999999999")]
    public void Number_is_not_a_host(string text) => Refused(
        "has a host that is neither a name nor four decimal numbers without leading zeros", text);

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData(":8500")]
    [InlineData("consul..example")]
    [InlineData(".example")]
    [InlineData("127.0.0.1:")]
    [InlineData("127.0.0.1:0")]
    [InlineData("127.0.0.1:08500")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:+1")]
    [InlineData("127.0.0.1: 1")]
    [InlineData("127.0.0.1:0x50")]
    [InlineData("127.0.0.1:８５００")]
    [InlineData("127.0.0.1:http")]
    [InlineData("127.0.0.1:1:2")]
    [InlineData(" 127.0.0.1")]
    [InlineData("127.0.0.1 ")]
    [InlineData("127.0.0.1\t")]
    [InlineData("127.0.0.1\n")]
    [InlineData("１２７.0.0.1")]
    [InlineData("127。0。0。1")]
    [InlineData("127．0．0．1")]
    [InlineData("127｡0｡0｡1")]
    [InlineData("①②⑦.0.0.1")]
    [InlineData("köln.example")]
    [InlineData("ｌocalhost")]
    [InlineData("%31%32%37.0.0.1")]
    [InlineData("127.0.0.1%2e")]
    [InlineData("local\u00adhost")]
    [InlineData("local\u200bhost")]
    [InlineData("a b")]
    [InlineData("me@consul")]
    [InlineData("consul\\example")]
    [InlineData("consul/example")]
    [InlineData("::1")]
    [InlineData("[]")]
    [InlineData("[::1")]
    [InlineData("::1]")]
    [InlineData("[::1]8500")]
    [InlineData("[[::1]]")]
    [InlineData("[::1]:0")]
    [InlineData("[127.0.0.1]:8500")]
    [InlineData("[localhost]")]
    [InlineData("[::ffff:0177.0.0.1]")]
    [InlineData("[::ffff:127.1]")]
    [InlineData("[::0x1]")]
    [InlineData("[::１]")]
    [InlineData("[::1/128]")]
    [InlineData("[fe80::1%]")]
    [InlineData("[fe80::1%eth0%eth1]")]
    [InlineData("[fe80::1%25%65]")]
    [InlineData("[fe80::1%a b]")]
    [InlineData("[::1].example")]
    public void Other_texts_are_rejected(string text) => Refused("is not an address", text);

    [Fact]
    public void Name_is_as_long_as_DNS_allows()
    {
        string label = new('a', 63);
        string name = $"{label}.{label}.{label}.{new string('b', 61)}";
        Assert.Equal(name, HostAndPort.Parse(name).Host);
        Refused("is not an address", $"{name}c");
        Refused("is not an address", $"{label}a");
    }

    private static void Refused(string message, string text) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => HostAndPort.Parse(text)).Message);
}
