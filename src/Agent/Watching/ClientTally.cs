using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>
/// Counts connections by client address: an open-addressing table that is kept from census to census, so that nothing is allocated per socket
/// and, once it has grown, nothing per client.
/// </summary>
/// <remarks>
/// It grows with the clients that hold <b>accepted</b> connections, each of which costs the kernel and the server a hundred times its 24 bytes
/// here; forged addresses do not come that far. Beyond <see cref="MostClients"/> it gives up, rather than count some and not others.
/// </remarks>
internal sealed class ClientTally
{
    internal const int MostClients = 1 << 20;
    private const int SmallestTable = 64;

    private Entry[] _entries = new Entry[SmallestTable];

    /// <summary>How many clients were counted.</summary>
    internal int Clients { get; private set; }

    /// <summary>How many connections were counted.</summary>
    internal long Connections { get; private set; }

    /// <exception cref="InvalidOperationException">There are more clients than can be counted.</exception>
    internal void Add(InetAddress client)
    {
        Connections++;
        ref Entry entry = ref Find(_entries, client);
        if (entry.Held++ > 0)
        {
            return;
        }

        entry.Address = client;
        if (++Clients > _entries.Length / 2)
        {
            Grow();
        }
    }

    internal void Clear()
    {
        // A burst of clients shall not make every later census clear a large table.
        if (_entries.Length > SmallestTable && Clients < _entries.Length / 16)
        {
            _entries = new Entry[_entries.Length / 2];
        }
        else
        {
            Array.Clear(_entries);
        }

        Clients = 0;
        Connections = 0;
    }

    public Enumerator GetEnumerator() => new(_entries);

    private void Grow()
    {
        if (Clients > MostClients)
        {
            throw new InvalidOperationException($"more than {MostClients} clients hold connections");
        }

        Entry[] larger = new Entry[_entries.Length * 2];
        foreach (ClientCount client in this)
        {
            ref Entry entry = ref Find(larger, client.Address);
            entry.Address = client.Address;
            entry.Held = client.Held;
        }

        _entries = larger;
    }

    /// <returns>The entry of the client, or the empty one where it belongs; the table is never full.</returns>
    private static ref Entry Find(Entry[] entries, InetAddress client)
    {
        int mask = entries.Length - 1;
        int slot = client.GetHashCode() & mask;
        while (entries[slot].Held != 0 && entries[slot].Address != client)
        {
            slot = (slot + 1) & mask;
        }

        return ref entries[slot];
    }

    /// <summary>Walks the clients, in no order.</summary>
    internal struct Enumerator(Entry[] entries)
    {
        private int _next;

        public ClientCount Current { get; private set; }

        public bool MoveNext()
        {
            while (_next < entries.Length)
            {
                ref readonly Entry entry = ref entries[_next++];
                if (entry.Held > 0)
                {
                    Current = new ClientCount(entry.Address, entry.Held);
                    return true;
                }
            }

            return false;
        }
    }

    internal struct Entry
    {
        internal InetAddress Address;
        internal int Held;
    }
}
