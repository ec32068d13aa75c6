using System.Numerics;

namespace Netlink.SockDiag;

/// <summary>
/// Detects sockets that a dump repeats. The kernel resumes within a hash bucket by index. A new connection in that bucket shifts the others, so some of
/// them come again soon: the distance is at most the number of connections that were added to the bucket between two steps of the walk. The last 1,024
/// cookies are remembered, in memory of a fixed size.
/// </summary>
/// <remarks>
/// A ring of cookies, with a hash table whose chains go from the newest cookie to older ones. Cookies that have left the ring are not removed from their
/// chain. A chain ends at the first cookie that is older than the ring.
/// </remarks>
internal sealed class RecentCookies
{
    internal const int Remembered = 1024;

    private const int RingMask = Remembered - 1;

    // Four times the ring: the kernel numbers cookies in order, and consecutive ones then get a chain each.
    private const int Chains = 4 * Remembered;
    private static readonly int HashShift = 64 - BitOperations.Log2(Chains);

    // Cookies are numbered from 1 in the order in which they come. The index in the ring is that number modulo the length of the ring.
    private readonly ulong[] _cookies = new ulong[Remembered];
    private readonly int[] _earlierInChain = new int[Remembered];
    private readonly int[] _latestInChain = new int[Chains];
    private int _count;

    /// <returns>False for a remembered cookie. True for a new one, and for 0, which means that the kernel provides no cookie.</returns>
    internal bool Add(ulong cookie)
    {
        if (cookie == 0)
        {
            return true;
        }

        // Fibonacci hashing.
        ref int latest = ref _latestInChain[(int)((cookie * 0x9E37_79B9_7F4A_7C15) >> HashShift)];
        int forgotten = Math.Max(_count - Remembered, 0);
        for (int number = latest; number > forgotten; number = _earlierInChain[number & RingMask])
        {
            if (_cookies[number & RingMask] == cookie)
            {
                return false;
            }
        }

        int added = ++_count;
        _cookies[added & RingMask] = cookie;
        _earlierInChain[added & RingMask] = latest;
        latest = added;
        return true;
    }

    internal void Clear()
    {
        Array.Clear(_latestInChain);
        _count = 0;
    }
}
