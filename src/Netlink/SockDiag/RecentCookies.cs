using System.Numerics;

namespace Netlink.SockDiag;

/// <summary>
/// Tells a socket that a dump repeats. The kernel resumes within a hash bucket by index, so that a connection which appears meanwhile shifts
/// the ones behind it and they come again, soon after: never further apart than connections came into that one bucket between two steps of the
/// walk. Remembered are the last 1,024 cookies, in a memory that does not grow.
/// </summary>
/// <remarks>
/// A ring of the cookies, and over it a hash table whose chains run from the youngest to older ones. What left the ring is not taken out of its
/// chain: a chain ends where it is older than the ring.
/// </remarks>
internal sealed class RecentCookies
{
    internal const int Remembered = 1024;

    private const int RingMask = Remembered - 1;

    // Four times as many: cookies are counted up, and so many that follow each other have chains of one.
    private const int Chains = 4 * Remembered;
    private static readonly int HashShift = 64 - BitOperations.Log2(Chains);

    // Cookies have numbers from 1 on in the order in which they came; in the ring each is at its number modulo the ring's length.
    private readonly ulong[] _cookies = new ulong[Remembered];
    private readonly int[] _earlierInChain = new int[Remembered];
    private readonly int[] _latestInChain = new int[Chains];
    private int _count;

    /// <returns>False for a cookie that is remembered; true for a new one, and for 0, with which the kernel tells nothing.</returns>
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
