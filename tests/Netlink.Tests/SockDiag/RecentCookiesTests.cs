using Netlink.SockDiag;

namespace Netlink.Tests.SockDiag;

public sealed class RecentCookiesTests
{
    [Fact]
    public void Cookie_is_new_only_once()
    {
        RecentCookies cookies = new();
        Assert.True(cookies.Add(7));
        Assert.False(cookies.Add(7));
        Assert.True(cookies.Add(8));
    }

    [Fact]
    public void Socket_without_a_cookie_is_always_new()
    {
        RecentCookies cookies = new();
        Assert.True(cookies.Add(0));
        Assert.True(cookies.Add(0));
    }

    [Fact]
    public void Last_1024_cookies_are_remembered()
    {
        const ulong Many = 100_000;
        RecentCookies cookies = new();
        for (ulong cookie = 1; cookie <= Many; cookie++)
        {
            Assert.True(cookies.Add(cookie));
            ulong oldest = cookie > RecentCookies.Remembered ? cookie - RecentCookies.Remembered + 1 : 1;
            Assert.False(cookies.Add(oldest));
            Assert.False(cookies.Add(cookie));
        }
    }

    [Fact]
    public void Cookies_with_the_same_hash_are_distinguished()
    {
        RecentCookies cookies = new();
        // Multiples of 2^64 / golden ratio are what the hash makes of 1, 2, 3, …; these all differ in low bits that the hash drops.
        ulong[] close = [.. Enumerable.Range(0, 1000).Select(i => (ulong)i << 48 | 1)];
        Assert.All(close, cookie => Assert.True(cookies.Add(cookie)));
        Assert.All(close, cookie => Assert.False(cookies.Add(cookie)));
    }

    [Fact]
    public void Cleared_cookies_are_forgotten()
    {
        RecentCookies cookies = new();
        for (ulong cookie = 1; cookie <= 1500; cookie++)
        {
            cookies.Add(cookie);
        }

        cookies.Clear();
        Assert.True(cookies.Add(1));
        Assert.True(cookies.Add(1500));
    }
}
