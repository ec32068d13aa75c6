using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>
/// Counts connections by client address. The hash table is kept from census to census: nothing is allocated per socket and, once it has grown,
/// nothing per client.
/// </summary>
/// <remarks>
/// <para>Between two connections of a client the kernel moves megabytes through the caches, so a lookup costs the wait for memory. For this
/// reason clients are stored close together, a slot holds only a number and some bits of the hash, and connections are counted in batches:
/// their lookups wait for memory at the same time.</para>
/// <para>The table grows with the clients that hold <b>accepted</b> connections. Such a connection costs the kernel and the server a hundred times
/// the 32 to 64 bytes here, and a forged address never has one. With more than <see cref="MostClients"/> clients the count fails: a count of
/// some of them would be wrong.</para>
/// </remarks>
internal sealed class ClientTally
{
    internal const int MostClients = 1 << 20;
    private const int AtOnce = 128;
    private const int SmallestTable = 64;
    private const int SlotsPerClient = 2;

    // The low bits of a slot: the client's number plus one. The bits above are those of the hash, which rule out most other clients.
    private const uint NumberMask = (2 * MostClients) - 1;

    // Open addressing; 0 is a free slot. A power of two, at least half of it free.
    private uint[] _slots = new uint[SmallestTable];
    private Entry[] _clients = new Entry[SmallestTable / SlotsPerClient];

    /// <summary>The number of clients.</summary>
    internal int Clients { get; private set; }

    /// <summary>The number of connections.</summary>
    internal long Connections { get; private set; }

    /// <summary>The connections of the client that has most; 0 without clients.</summary>
    internal int Highest { get; private set; }

    /// <summary>Counts one connection for each of these clients.</summary>
    /// <exception cref="InvalidOperationException">There are more clients than can be counted.</exception>
    internal void Add(ReadOnlySpan<InetAddress> clients)
    {
        for (; clients.Length > AtOnce; clients = clients[AtOnce..])
        {
            AddAtOnce(clients[..AtOnce]);
        }

        AddAtOnce(clients);
    }

    /// <summary>Counts connections of one client that no batch contains.</summary>
    /// <param name="client">The client.</param>
    /// <param name="held">How many, at least 1.</param>
    /// <param name="dead">How many of them are dead.</param>
    /// <exception cref="InvalidOperationException">There are more clients than can be counted.</exception>
    internal void Add(Client client, int held, int dead)
    {
        int number = FindOrAdd(client.Address, (uint)client.Address.GetHashCode());
        ref Entry entry = ref _clients[number];
        entry.Held += held;
        entry.Dead += dead;
        Highest = Math.Max(Highest, entry.Held);
        Connections += held;
    }

    internal void Clear()
    {
        // After a burst of clients, later censuses need not clear a large table.
        if (_slots.Length > SmallestTable && Clients < _slots.Length / 16)
        {
            _slots = new uint[_slots.Length / 2];
            _clients = new Entry[_slots.Length / SlotsPerClient];
        }
        else
        {
            Array.Clear(_slots);
        }

        Clients = 0;
        Connections = 0;
        Highest = 0;
    }

    public Enumerator GetEnumerator() => new(_clients.AsSpan(0, Clients));

    private static int NumberIn(uint slot) => (int)(slot & NumberMask) - 1;

    private bool Holds(uint slot, InetAddress client, uint hash) =>
        slot != 0 && ((slot ^ hash) & ~NumberMask) == 0 && _clients[NumberIn(slot)].Address == client;

    private void AddAtOnce(ReadOnlySpan<InetAddress> clients)
    {
        Span<uint> hashes = stackalloc uint[AtOnce];
        Span<uint> firstSlots = stackalloc uint[AtOnce];
        uint[] slots = _slots;
        for (int i = 0; i < clients.Length; i++)
        {
            hashes[i] = (uint)clients[i].GetHashCode();
            firstSlots[i] = slots[(int)hashes[i] & (slots.Length - 1)];
        }

        for (int i = 0; i < clients.Length; i++)
        {
            // The slot may be one of before the table grew; a client keeps its number.
            int number = Holds(firstSlots[i], clients[i], hashes[i]) ? NumberIn(firstSlots[i]) : FindOrAdd(clients[i], hashes[i]);
            Highest = Math.Max(Highest, ++_clients[number].Held);
        }

        Connections += clients.Length;
    }

    private int FindOrAdd(InetAddress client, uint hash)
    {
        int at = (int)hash & (_slots.Length - 1);
        while (_slots[at] != 0)
        {
            if (Holds(_slots[at], client, hash))
            {
                return NumberIn(_slots[at]);
            }

            at = (at + 1) & (_slots.Length - 1);
        }

        if (Clients == _clients.Length)
        {
            Grow();
        }

        int number = Clients++;
        _clients[number] = new Entry { Address = client };
        TakeSlot(number, hash);
        return number;
    }

    private void TakeSlot(int number, uint hash)
    {
        int at = (int)hash & (_slots.Length - 1);
        while (_slots[at] != 0)
        {
            at = (at + 1) & (_slots.Length - 1);
        }

        _slots[at] = (hash & ~NumberMask) | (uint)(number + 1);
    }

    private void Grow()
    {
        if (Clients >= MostClients)
        {
            throw new InvalidOperationException($"more than {MostClients} clients hold connections");
        }

        _slots = new uint[_slots.Length * 2];
        Array.Resize(ref _clients, _slots.Length / SlotsPerClient);
        for (int number = 0; number < Clients; number++)
        {
            TakeSlot(number, (uint)_clients[number].Address.GetHashCode());
        }
    }

    /// <summary>Enumerates the clients in the order in which they were added.</summary>
    internal ref struct Enumerator(ReadOnlySpan<Entry> clients)
    {
        private readonly ReadOnlySpan<Entry> _clients = clients;
        private int _next;

        public ClientCount Current { get; private set; }

        public bool MoveNext()
        {
            if (_next == _clients.Length)
            {
                return false;
            }

            ref readonly Entry client = ref _clients[_next++];
            Current = new ClientCount(new Client(client.Address), client.Held, client.Dead);
            return true;
        }
    }

    internal struct Entry
    {
        internal InetAddress Address;
        internal int Held;
        internal int Dead;
    }
}
