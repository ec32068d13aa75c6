using System.Numerics;

namespace Netlink.SockDiag;

/// <summary>
/// Tells a socket that a dump repeats. The kernel resumes within a hash bucket by index, so that a connection which appears meanwhile shifts
/// the ones behind it and they come again, soon after: never further apart than connections came into that one bucket between two steps of the
/// walk. Remembered are at least the last 1,024 cookies, in a memory that does not grow.
/// </summary>
internal sealed class RecentCookies
{
    internal const int Remembered = 1024;
    private const int Slots = 2 * Remembered;
    private static readonly int HashShift = 64 - BitOperations.Log2(Slots);

    // Two generations of open-addressing sets, at most half full: the older one is forgotten whole when the younger one is full.
    private ulong[] _younger = new ulong[Slots];
    private ulong[] _older = new ulong[Slots];
    private int _count;

    /// <returns>False for a cookie that is remembered; true for a new one, and for 0, with which the kernel tells nothing.</returns>
    internal bool Add(ulong cookie)
    {
        if (cookie == 0)
        {
            return true;
        }

        int slot = Find(_younger, cookie);
        if (_younger[slot] == cookie || _older[Find(_older, cookie)] == cookie)
        {
            return false;
        }

        _younger[slot] = cookie;
        if (++_count == Remembered)
        {
            (_younger, _older) = (_older, _younger);
            Array.Clear(_younger);
            _count = 0;
        }

        return true;
    }

    internal void Clear()
    {
        Array.Clear(_younger);
        Array.Clear(_older);
        _count = 0;
    }

    /// <returns>The slot of the cookie, or the empty one where it belongs.</returns>
    private static int Find(ulong[] slots, ulong cookie)
    {
        // Fibonacci hashing: cookies are counted up.
        int slot = (int)((cookie * 0x9E37_79B9_7F4A_7C15) >> HashShift);
        while (slots[slot] != 0 && slots[slot] != cookie)
        {
            slot = (slot + 1) & (Slots - 1);
        }

        return slot;
    }
}
