using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>
/// Counts connections by client address: a hash table that is kept from census to census, so that nothing is allocated per socket and, once it
/// has grown, nothing per client.
/// </summary>
/// <remarks>
/// <para>Between two connections of a client the kernel moves megabytes through the caches, so that what a lookup costs is the wait for
/// memory. Hence the clients lie close together, the table has no more than a number and some bits of the hash for each, and connections come
/// in batches: what one of them brings into the caches the next ones find there, and their lookups wait together and not one after the
/// other.</para>
/// <para>It grows with the clients that hold <b>accepted</b> connections, each of which costs the kernel and the server a hundred times its 32
/// to 64 bytes here; forged addresses do not come that far. Beyond <see cref="MostClients"/> it gives up, rather than count some and not
/// others.</para>
/// </remarks>
internal sealed class ClientTally
{
    internal const int MostClients = 1 << 20;
    private const int AtOnce = 128;
    private const int SmallestTable = 64;
    private const int SlotsPerClient = 2;

    // Of a slot: the client's number plus one; above it the same bits of the hash, which tell most clients apart without a look at them.
    private const uint NumberMask = (2 * MostClients) - 1;

    // Open addressing; 0 is a free slot. A power of two, at least half of it free.
    private uint[] _slots = new uint[SmallestTable];
    private Entry[] _clients = new Entry[SmallestTable / SlotsPerClient];

    /// <summary>How many clients were counted.</summary>
    internal int Clients { get; private set; }

    /// <summary>How many connections were counted.</summary>
    internal long Connections { get; private set; }

    /// <summary>How many of them the client has that has most; 0 without clients.</summary>
    internal int Highest { get; private set; }

    /// <summary>Counts one connection for each of these.</summary>
    /// <exception cref="InvalidOperationException">There are more clients than can be counted.</exception>
    internal void Add(ReadOnlySpan<InetAddress> clients)
    {
        for (; clients.Length > AtOnce; clients = clients[AtOnce..])
        {
            AddAtOnce(clients[..AtOnce]);
        }

        AddAtOnce(clients);
    }

    internal void Clear()
    {
        // A burst of clients shall not make every later census clear a large table.
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
            // What was read may be of a table that has grown since; a client keeps its number.
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

    /// <summary>Walks the clients, in the order in which they came.</summary>
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
            Current = new ClientCount(client.Address, client.Held);
            return true;
        }
    }

    internal struct Entry
    {
        internal InetAddress Address;
        internal int Held;
    }
}
