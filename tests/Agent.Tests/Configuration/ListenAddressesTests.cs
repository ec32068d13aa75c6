using Agent.Configuration;

namespace Agent.Tests.Configuration;

public sealed class ListenAddressesTests
{
    private const string NoAddress =
        " is not an IP address, with or without a port; host names are not resolved; write it like 127.0.0.1:18500, 0.0.0.0, [::1]:18500 or [::]";

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
    public void Address_is_parsed_with_and_without_a_port(string text, string expected) =>
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
    public void Invalid_addresses_are_rejected(string text) => Refused($"'{text}'{NoAddress}", text);

    [Theory]
    [InlineData("127.0.0.1:0")]
    [InlineData("127.0.0.1:")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:+1")]
    [InlineData("127.0.0.1: 1")]
    [InlineData("[::1]:0")]
    [InlineData("[::1]:")]
    [InlineData("[::1]:http")]
    public void Invalid_ports_are_rejected(string text) =>
        Refused($"'{text}' has no port from 1 to 65535 after the colon; write it like 127.0.0.1:18500, 0.0.0.0, [::1]:18500 or [::]", text);

    [Theory]
    [InlineData("127.0.0.1:18500 is given twice; name it once", "127.0.0.1", "::1", "127.0.0.1:18500")]
    [InlineData("0.0.0.0:18500 includes 127.0.0.1:18500; give only one of them", "127.0.0.1", "0.0.0.0")]
    [InlineData("0.0.0.0:1 includes 127.0.0.1:1; give only one of them", "0.0.0.0:1", "127.0.0.1:1")]
    [InlineData("[::]:18500 includes 127.0.0.1:18500; give only one of them", "::", "127.0.0.1")]
    [InlineData("[::]:18500 includes 0.0.0.0:18500; give only one of them", "0.0.0.0", "::")]
    [InlineData("[::]:18500 includes [::1]:18500; give only one of them", "::1", "::")]
    [InlineData("the list is empty; name an address")]
    public void Overlapping_addresses_are_rejected(string message, params string[] texts) => Refused(message, texts);

    [Fact]
    public void Addresses_that_do_not_overlap_are_accepted() =>
        Assert.Equal(
            "0.0.0.0:1,127.0.0.1:2,[::1]:1,[::]:3", ListenAddresses.Parse(["0.0.0.0:1", "127.0.0.1:2", "[::1]:1", "[::]:3"]).ToString());

    [Fact]
    public void Equality_compares_the_addresses_in_order()
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
