using Agent.Configuration;

namespace Agent.Tests.Configuration;

public sealed class ListenAddressesTests
{
    private const string NoAddress =
        " is not an IP address with or without a port, and names are not looked up; write it like 127.0.0.1:18500, 0.0.0.0, [::1]:18500 or [::]";

    [Theory]
    [InlineData("127.0.0.1:18501", "127.0.0.1:18501")]
    [InlineData("127.0.0.1", "127.0.0.1:18500")]
    [InlineData("0.0.0.0", "0.0.0.0:18500")]
    [InlineData("[::1]:1", "[::1]:1")]
    [InlineData("[::1]", "[::1]:18500")]
    [InlineData("[::]:65535", "[::]:65535")]
    [InlineData("::1", "[::1]:18500")]
    [InlineData("::", "[::]:18500")]
    [InlineData("2001:DB8::0:1", "[2001:db8::1]:18500")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1:18500")]
    public void An_address_may_stand_with_a_port_or_without(string text, string expected) =>
        Assert.Equal(expected, ListenAddresses.Parse([text]).ToString());

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("localhost")]
    [InlineData("localhost:18500")]
    [InlineData(":18500")]
    [InlineData("18500")]
    [InlineData("*")]
    [InlineData("http://127.0.0.1:18500")]
    [InlineData("127.1")]
    [InlineData("127.0.0.01")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("256.0.0.1")]
    [InlineData(" 127.0.0.1")]
    [InlineData("127.0.0.1:1:2")]
    [InlineData("[127.0.0.1]:18500")]
    [InlineData("[::1")]
    [InlineData("::1]")]
    [InlineData("[]")]
    [InlineData("[::1]18500")]
    [InlineData("[::1]x:18500")]
    [InlineData("[[::1]]:1")]
    [InlineData("fe80::1%lo")]
    [InlineData("::1/128")]
    [InlineData("::ffff:0177.0.0.1")]
    [InlineData("[::ffff:127.1]:18500")]
    [InlineData("::0x1")]
    [InlineData("0x7F000001")]
    [InlineData("2130706433")]
    [InlineData("１２７.0.0.1")]
    [InlineData("127。0。0。1")]
    public void What_is_no_address_is_refused(string text) => Refused($"'{text}'{NoAddress}", text);

    [Theory]
    [InlineData("127.0.0.1:0")]
    [InlineData("127.0.0.1:")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:+1")]
    [InlineData("127.0.0.1: 1")]
    [InlineData("[::1]:0")]
    [InlineData("[::1]:")]
    [InlineData("[::1]:http")]
    public void What_is_no_port_is_refused(string text) =>
        Refused($"'{text}' has no port from 1 to 65535 behind the colon; write it like 127.0.0.1:18500, 0.0.0.0, [::1]:18500 or [::]", text);

    [Theory]
    [InlineData("127.0.0.1:18500 is given twice; name it once", "127.0.0.1", "::1", "127.0.0.1:18500")]
    [InlineData("0.0.0.0:18500 listens at 127.0.0.1:18500 as well; name one of the two", "127.0.0.1", "0.0.0.0")]
    [InlineData("0.0.0.0:1 listens at 127.0.0.1:1 as well; name one of the two", "0.0.0.0:1", "127.0.0.1:1")]
    [InlineData("[::]:18500 listens at 127.0.0.1:18500 as well; name one of the two", "::", "127.0.0.1")]
    [InlineData("[::]:18500 listens at 0.0.0.0:18500 as well; name one of the two", "0.0.0.0", "::")]
    [InlineData("[::]:18500 listens at [::1]:18500 as well; name one of the two", "::1", "::")]
    [InlineData("the list is empty; name an address")]
    public void No_two_listen_at_the_same(string message, params string[] texts) => Refused(message, texts);

    [Fact]
    public void What_does_not_meet_may_stand_together() =>
        Assert.Equal(
            "0.0.0.0:1,127.0.0.1:2,[::1]:1,[::]:3", ListenAddresses.Parse(["0.0.0.0:1", "127.0.0.1:2", "[::1]:1", "[::]:3"]).ToString());

    [Fact]
    public void Equal_are_those_with_the_same_addresses_in_the_same_order()
    {
        ListenAddresses one = ListenAddresses.Parse(["127.0.0.1", "::1"]);
        Assert.Equal(one, ListenAddresses.Parse(["127.0.0.1:18500", "[::1]"]));
        Assert.Equal(one.GetHashCode(), ListenAddresses.Parse(["127.0.0.1:18500", "[::1]"]).GetHashCode());
        Assert.NotEqual(one, ListenAddresses.Parse(["127.0.0.1"]));
        Assert.NotEqual(one, ListenAddresses.Parse(["127.0.0.1", "[::1]:1"]));
    }

    private static void Refused(string message, params string[] texts) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => ListenAddresses.Parse(texts)).Message);
}
