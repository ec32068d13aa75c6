using Agent.Watching;

namespace Agent.Workloads;

/// <summary>Counts the connections of one client by the process that holds its end.</summary>
/// <param name="client">The client, with its dead connections.</param>
/// <param name="owners">The processes that have the sockets open.</param>
internal sealed class ClientProcessTally(ClientCount client, SocketOwners owners)
{
    private readonly Dictionary<int, ProcessConnections> _byProcessId = [];
    private int _held = client.Dead;
    private int _closed;
    private int _unseen;
    private int _elsewhere;

    internal void Add(HeldConnection connection) => Add(connection.ClientEnd, connection.Inode);

    /// <param name="clientEnd">Where the client's end is.</param>
    /// <param name="inode">The inode of the client's socket if that is open; otherwise 0.</param>
    internal void Add(ClientEnd clientEnd, uint inode)
    {
        _held++;
        switch (clientEnd)
        {
            case ClientEnd.Closed:
                _closed++;
                break;
            case ClientEnd.Elsewhere:
                _elsewhere++;
                break;
            default:
                AddOpen(inode);
                break;
        }
    }

    internal ClientProcesses ToResult() => new(
        client.Client,
        _held,
        [
            .. _byProcessId.Values
                .OrderByDescending(process => process.Connections)
                .ThenBy(process => process.Process.Id)
                .Take(ClientProcesses.MaxProcesses),
        ],
        Math.Max(0, _byProcessId.Count - ClientProcesses.MaxProcesses),
        _closed,
        client.Dead,
        _unseen,
        _elsewhere);

    private void AddOpen(uint inode)
    {
        IReadOnlyList<LocalProcess> processes = owners.Of(inode);
        if (processes.Count == 0)
        {
            _unseen++;
        }

        foreach (LocalProcess process in processes)
        {
            ProcessConnections before = _byProcessId.GetValueOrDefault(process.Id);
            _byProcessId[process.Id] = new ProcessConnections(
                process, before.Connections + 1, before.Shared + (processes.Count > 1 ? 1 : 0));
        }
    }
}
