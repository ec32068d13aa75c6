using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Agent.Publishing.Http;

/// <summary>Counts connections, and lets no more in than the process has descriptors for and no more of one client than its share.</summary>
internal sealed partial class ConnectionGate(int most, int mostOfClient, ILogger logger)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, int> _ofClients = [];
    private int _open;
    private bool _saidFull;

    /// <summary>How many are open.</summary>
    internal int Open
    {
        get
        {
            lock (_gate)
            {
                return _open;
            }
        }
    }

    /// <returns>Whether the connection may stay; it is to be given back to <see cref="Leave"/> if so.</returns>
    internal bool TryEnter(IPAddress client)
    {
        lock (_gate)
        {
            if (_open == most)
            {
                SayFull();
                return false;
            }

            if (_ofClients.GetValueOrDefault(client) == mostOfClient)
            {
                return false;
            }

            CollectionsMarshal.GetValueRefOrAddDefault(_ofClients, client, out _)++;
            _open++;
            return true;
        }
    }

    internal void Leave(IPAddress client)
    {
        lock (_gate)
        {
            _open--;
            if (--CollectionsMarshal.GetValueRefOrAddDefault(_ofClients, client, out _) == 0)
            {
                _ofClients.Remove(client);
            }

            // Only well below, for a crowd at the brink would fill the log.
            if (_saidFull && _open <= most / 2)
            {
                _saidFull = false;
                LogRoom(logger, _open);
            }
        }
    }

    private void SayFull()
    {
        if (!_saidFull)
        {
            _saidFull = true;
            LogFull(logger, most);
        }
    }

    [LoggerMessage(67, LogLevel.Warning, "the endpoint has {Connections} connections, as many as it takes, and closes further ones at once")]
    private static partial void LogFull(ILogger logger, int connections);

    [LoggerMessage(68, LogLevel.Information, "the endpoint has room for connections again, {Connections} are open")]
    private static partial void LogRoom(ILogger logger, int connections);
}
