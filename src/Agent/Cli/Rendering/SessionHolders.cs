using System.Collections.Immutable;
using Agent.Postgres;
using Agent.Workloads;

namespace Agent.Cli.Rendering;

/// <summary>The sessions of a server by the systemd unit, container or process of this host that holds the client's end.</summary>
/// <param name="Holders">Those that hold sessions, the highest first.</param>
internal sealed record SessionHolders(ImmutableArray<SessionHolder> Holders)
{
    /// <summary>Why the lookup failed, in one line; null if it succeeded. Then everything else is empty.</summary>
    public string? Failure { get; private init; }

    /// <summary>The number of processes that the agent may not inspect.</summary>
    public int HiddenProcesses { get; private init; }

    /// <summary>Sessions whose client's end is on this host, but in no process that the agent may inspect.</summary>
    public int Unseen { get; private init; }

    /// <summary>Sessions whose client's end is not in the network namespace.</summary>
    public int Elsewhere { get; private init; }

    /// <summary>Sessions through a unix socket, and those whose address the server hides.</summary>
    public int WithoutAddress { get; private init; }

    /// <summary>Joins the sessions with the processes that were found. The agent's own session is left out.</summary>
    internal static SessionHolders Of(IReadOnlyList<ServerSession> sessions, SessionReading found)
    {
        if (found.Failure is { } failure)
        {
            return new SessionHolders([]) { Failure = failure };
        }

        // The session that told all this had ended when the agent looked for the sockets.
        ServerSession? own = sessions.FirstOrDefault(session =>
            session.Application == ConnectionFactory.ApplicationName && (session.Client is not { } client || found.Of(client) is null));
        Dictionary<string, List<(ServerSession Session, IReadOnlyList<LocalProcess> Processes)>> held = [];
        int unseen = 0, elsewhere = 0;
        foreach (ServerSession session in sessions.Where(session => !ReferenceEquals(session, own)))
        {
            switch (session.Client is { } client ? found.Of(client) : null)
            {
                case null:
                    elsewhere += session.Client is null ? 0 : 1;
                    break;
                case { Count: 0 }:
                    unseen++;
                    break;
                case { } processes:
                    // Several processes of a unit that share a socket hold the session once.
                    foreach (IGrouping<string, LocalProcess> holder in processes.GroupBy(SessionHolder.NameOf))
                    {
                        held.TryAdd(holder.Key, []);
                        held[holder.Key].Add((session, [.. holder]));
                    }

                    break;
            }
        }

        return new SessionHolders(
        [
            .. held.Select(holder => new SessionHolder(
                    holder.Key,
                    [.. holder.Value.SelectMany(each => each.Processes).DistinctBy(process => process.Id).OrderBy(process => process.Id)],
                    SessionGroup.Of(holder.Value.Select(each => each.Session))))
                .OrderByDescending(holder => holder.Used).ThenBy(holder => holder.Name, StringComparer.Ordinal),
        ])
        {
            HiddenProcesses = found.Hidden,
            Unseen = unseen,
            Elsewhere = elsewhere,
            WithoutAddress = sessions.Count(session => session.Client is null && !ReferenceEquals(session, own)),
        };
    }
}

/// <summary>A systemd unit, a container or, without both, a process that holds sessions.</summary>
/// <param name="Name">Its name in outputs.</param>
/// <param name="Processes">Its processes that hold sessions, at least one.</param>
/// <param name="Groups">Its sessions, the largest group first.</param>
internal sealed record SessionHolder(string Name, ImmutableArray<LocalProcess> Processes, ImmutableArray<SessionGroup> Groups)
{
    /// <summary>All its sessions.</summary>
    internal int Used => Groups.Sum(group => group.Count);

    /// <summary>The unit and the container; the same for all its processes.</summary>
    internal Workload Workload => Processes[0].Workload;

    /// <summary><c>billing.service</c>, <c>docker 5f3c9a1be27d</c> or <c>psql (4711)</c>.</summary>
    internal static string NameOf(LocalProcess process) =>
        process.Workload == Workload.Unknown ? $"{process.Command ?? "process"} ({process.Id})" : process.Workload.ToString();

    /// <summary><c>billing.service holds 31, 24 of them idle in transaction as role billing</c>.</summary>
    public override string ToString()
    {
        // Without the database: the line stays short.
        (string what, int most) = Groups
            .GroupBy(group => $"{(group.HasState ? $"{ProcessNames.Printable(group.State)} " : "")}as role {ProcessNames.Printable(group.Role)}")
            .Select(each => (each.Key, each.Sum(group => group.Count)))
            .MaxBy(each => each.Item2);
        string part = Used == 1 ? "" : most == Used ? "all " : $"{most} of them ";
        return $"{Name} holds {Used}, {part}{what}";
    }
}

/// <summary>Sessions of one role in one database and one state.</summary>
/// <param name="Database">The database on the server.</param>
/// <param name="Role">The role.</param>
/// <param name="State">As in pg_stat_activity, or <c>unknown</c>.</param>
/// <param name="Count">How many.</param>
internal readonly record struct SessionGroup(string Database, string Role, string State, int Count)
{
    private const string Unknown = "unknown";

    /// <summary>Whether the state is known.</summary>
    internal bool HasState => State != Unknown;

    /// <summary>The groups, the largest first.</summary>
    internal static ImmutableArray<SessionGroup> Of(IEnumerable<ServerSession> sessions) =>
    [
        .. sessions.GroupBy(session => (session.Database, session.Role, session.State))
            .Select(group => new SessionGroup(group.Key.Database, group.Key.Role, group.Key.State, group.Count()))
            .OrderByDescending(group => group.Count)
            .ThenBy(group => group.Database, StringComparer.Ordinal)
            .ThenBy(group => group.Role, StringComparer.Ordinal)
            .ThenBy(group => group.State, StringComparer.Ordinal),
    ];
}
