using System.Collections.Immutable;
using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>
/// Chooses the clients that are shown: those that hold most. At equal counts those that were shown before stay, so that series do not come and
/// go with the order of a table; then the lower address.
/// </summary>
internal sealed class TopClients(int shown)
{
    private readonly List<ClientCount> _top = new(shown + 1);
    private readonly HashSet<InetAddress> _shownBefore = [];

    /// <summary>Chooses, and remembers the choice for the next time.</summary>
    internal ImmutableArray<ClientCount> Choose(ClientTally clients)
    {
        if (shown == 0)
        {
            return [];
        }

        _top.Clear();
        foreach (ClientCount client in clients)
        {
            if (_top.Count < shown || Precedes(client, _top[^1]))
            {
                Insert(client);
            }
        }

        _shownBefore.Clear();
        foreach (ClientCount client in _top)
        {
            _shownBefore.Add(client.Address);
        }

        _top.Sort(static (left, right) => left.Held != right.Held ? right.Held.CompareTo(left.Held) : left.Address.CompareTo(right.Address));
        return [.. _top];
    }

    private void Insert(ClientCount client)
    {
        int at = _top.Count;
        while (at > 0 && Precedes(client, _top[at - 1]))
        {
            at--;
        }

        _top.Insert(at, client);
        if (_top.Count > shown)
        {
            _top.RemoveAt(shown);
        }
    }

    private bool Precedes(ClientCount left, ClientCount right)
    {
        if (left.Held != right.Held)
        {
            return left.Held > right.Held;
        }

        bool leftStays = _shownBefore.Contains(left.Address);
        return leftStays != _shownBefore.Contains(right.Address) ? leftStays : left.Address.CompareTo(right.Address) < 0;
    }
}
