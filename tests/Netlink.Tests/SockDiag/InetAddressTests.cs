using System.Net;
using Netlink.SockDiag;

namespace Netlink.Tests.SockDiag;

public sealed class InetAddressTests
{
    [Theory]
    [InlineData("192.0.2.1", true, "192.0.2.1")]
    [InlineData("0.0.0.0", true, "0.0.0.0")]
    [InlineData("::ffff:192.0.2.1", true, "192.0.2.1")]
    [InlineData("::", false, "::")]
    [InlineData("::1", false, "::1")]
    [InlineData("::192.0.2.1", false, "::192.0.2.1")]
    [InlineData("::fffe:192.0.2.1", false, "::fffe:c000:201")]
    [InlineData("2001:db8::ffff:c000:201", false, "2001:db8::ffff:c000:201")]
    [InlineData("fe80::1", false, "fe80::1")]
    public void IP_version_is_that_of_the_address_not_of_the_socket(string text, bool isIPv4, string written)
    {
        InetAddress address = Parse(text);
        Assert.Equal(isIPv4, address.IsIPv4);
        Assert.Equal(written, address.ToString());
    }

    [Fact]
    public void Mapped_address_equals_the_IPv4_address()
    {
        Assert.Equal(Parse("192.0.2.1"), Parse("::ffff:192.0.2.1"));
        Assert.Equal(Parse("192.0.2.1").GetHashCode(), Parse("::ffff:192.0.2.1").GetHashCode());
        Assert.True(Parse("192.0.2.1") != Parse("::192.0.2.1"));
        Assert.False(Parse("127.0.0.1") == Parse("::1"));
    }

    [Fact]
    public void Interface_identifiers_with_equal_xor_have_different_hash_codes()
    {
        HashSet<int> hashes = [];
        for (int i = 0; i < 1000; i++)
        {
            hashes.Add(Parse($"2001:db8::{i:x}:0:{i:x}").GetHashCode());
        }

        // Among this many random 32-bit numbers, two are rarely equal.
        Assert.InRange(hashes.Count, 990, 1000);
    }

    private static InetAddress Parse(string text)
    {
        byte[] bytes = IPAddress.Parse(text).GetAddressBytes();
        return bytes.Length == 4 ? InetAddress.FromIPv4(bytes) : InetAddress.FromIPv6(bytes);
    }
}
