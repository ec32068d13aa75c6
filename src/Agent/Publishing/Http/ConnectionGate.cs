using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Agent.Publishing.Http;

/// <summary>Limits the open connections: in total, to what the process has descriptors for, and per client.</summary>
internal sealed partial class ConnectionGate(int maxConnections, int maxPerClient, ILogger logger)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, int> _ofClients = [];
    private int _open;
    private bool _hasReportedFull;

    /// <summary>The number of open connections.</summary>
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

    /// <returns>Whether the connection may stay. If so, the caller calls <see cref="Leave"/> when it ends.</returns>
    internal bool TryEnter(IPAddress client)
    {
        lock (_gate)
        {
            if (_open == maxConnections)
            {
                ReportFull();
                return false;
            }

            if (_ofClients.GetValueOrDefault(client) == maxPerClient)
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

            // Only well below the limit: just below it, the number may go up and down and write a log line each time.
            if (_hasReportedFull && _open <= maxConnections / 2)
            {
                _hasReportedFull = false;
                LogRoom(logger, _open);
            }
        }
    }

    private void ReportFull()
    {
        if (!_hasReportedFull)
        {
            _hasReportedFull = true;
            LogFull(logger, maxConnections);
        }
    }

    [LoggerMessage(67, LogLevel.Warning, "the endpoint has reached its limit of {Connections} connections and closes new ones at once")]
    private static partial void LogFull(ILogger logger, int connections);

    [LoggerMessage(68, LogLevel.Information, "the endpoint accepts connections again; {Connections} are open")]
    private static partial void LogRoom(ILogger logger, int connections);
}
