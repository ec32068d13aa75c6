using System.Collections.Immutable;

namespace Agent.Watching;

/// <summary>
/// Chooses the clients to show: those that hold most. At equal counts the clients that were shown before stay, so that series do not come and go;
/// then the lower address is first.
/// </summary>
/// <remarks>
/// It collects up to twice as many as are shown, sorts them and drops the second half. A client costs one comparison with the last one in the
/// list, and its part of a sort: n clients take n log k steps in any order.
/// </remarks>
internal sealed class TopClients
{
    // With few to show, a sort for every second client would cost more than the memory saves.
    private const int FewestCollected = 64;

    private readonly int _shown;
    private readonly int _mostCollected;
    private readonly IComparer<Client> _clients;
    private readonly HashSet<Client> _shownBefore = [];
    private readonly List<Candidate> _candidates = [];

    // Fields, so that no sort allocates.
    private readonly Comparison<Candidate> _orderOfChoice;
    private readonly Comparison<ClientCount> _orderOfDisplay;

    /// <param name="shown">How many are chosen.</param>
    /// <param name="order">The order of clients; null for the default order.</param>
    internal TopClients(int shown, IComparer<Client>? order = null)
    {
        _shown = shown;
        _mostCollected = Math.Max(2 * shown, FewestCollected);
        _clients = order ?? Comparer<Client>.Default;
        _orderOfChoice = CompareForChoice;
        _orderOfDisplay = CompareForDisplay;
    }

    /// <summary>Chooses the clients, and remembers the choice for the next time.</summary>
    internal ImmutableArray<ClientCount> Choose(ClientTally clients)
    {
        if (_shown == 0)
        {
            return [];
        }

        Collect(clients);
        _shownBefore.Clear();
        ImmutableArray<ClientCount>.Builder chosen = ImmutableArray.CreateBuilder<ClientCount>(_candidates.Count);
        foreach (Candidate candidate in _candidates)
        {
            _shownBefore.Add(candidate.Count.Client);
            chosen.Add(candidate.Count);
        }

        chosen.Sort(_orderOfDisplay);
        return chosen.MoveToImmutable();
    }

    /// <summary>Reduces the list to the clients to show.</summary>
    private void Collect(ClientTally clients)
    {
        _candidates.Clear();
        // The last client to be shown so far; known once there are more than can be shown.
        Candidate? last = null;
        foreach (ClientCount client in clients)
        {
            // Most clients hold too little. This check needs no lookup.
            if (last is { } bar && client.Held < bar.Count.Held)
            {
                continue;
            }

            Candidate candidate = new(client, _shownBefore.Contains(client.Client));
            if (last is { } former && CompareForChoice(candidate, former) > 0)
            {
                continue;
            }

            _candidates.Add(candidate);
            if (_candidates.Count == _mostCollected)
            {
                DropTheRest();
                last = _candidates[^1];
            }
        }

        DropTheRest();
    }

    private void DropTheRest()
    {
        if (_candidates.Count > _shown)
        {
            _candidates.Sort(_orderOfChoice);
            _candidates.RemoveRange(_shown, _candidates.Count - _shown);
        }
    }

    private int CompareForChoice(Candidate left, Candidate right) =>
        left.Count.Held == right.Count.Held && left.WasShown != right.WasShown
            ? right.WasShown.CompareTo(left.WasShown)
            : CompareForDisplay(left.Count, right.Count);

    private int CompareForDisplay(ClientCount left, ClientCount right) =>
        left.Held != right.Held ? right.Held.CompareTo(left.Held) : _clients.Compare(left.Client, right.Client);

    private readonly record struct Candidate(ClientCount Count, bool WasShown);
}
