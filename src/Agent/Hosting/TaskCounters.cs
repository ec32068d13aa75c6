using System.Collections.Immutable;
using System.Net.Sockets;
using Agent.Configuration;
using Agent.Limits;
using Agent.Metrics;
using Agent.Publishing.Http;
using Netlink;

namespace Agent.Hosting;

/// <summary>Why a task was started again: the label <c>reason</c> of its metric.</summary>
internal static class RestartReason
{
    /// <summary>It had failed.</summary>
    internal const string Failure = "failure";

    /// <summary>It has other settings.</summary>
    internal const string Reload = "reload";
}

/// <summary>Counts the starts, restarts and failures of the tasks of one name. It outlives each of them.</summary>
internal sealed class TaskCounters(string name)
{
    private readonly Lock _gate = new();
    // They start at 0, so that increase() sees the first one.
    private readonly SortedDictionary<string, long> _restarts = new(StringComparer.Ordinal) { [RestartReason.Failure] = 0, [RestartReason.Reload] = 0 };

    private readonly SortedDictionary<string, long> _failures = new(StringComparer.Ordinal);
    private long _starts;
    private int _running;

    /// <param name="restartedFor">Null for the first start.</param>
    internal void Start(string? restartedFor)
    {
        lock (_gate)
        {
            _running++;
            _starts++;
            if (restartedFor is not null)
            {
                _restarts[restartedFor] = _restarts.GetValueOrDefault(restartedFor) + 1;
            }
        }
    }

    internal void End()
    {
        lock (_gate)
        {
            _running--;
        }
    }

    internal void Fail(Exception failure)
    {
        lock (_gate)
        {
            string type = ErrorType.Of(failure);
            _failures[type] = _failures.GetValueOrDefault(type) + 1;
        }
    }

    internal TaskStatistics ToStatistics()
    {
        lock (_gate)
        {
            return new TaskStatistics(name, _running > 0, _starts, [.. _restarts], [.. _failures]);
        }
    }
}

/// <summary>The kinds of failures: the label <c>error_type</c> of their metric. A fixed set, so that the number of series is bounded.</summary>
internal static class ErrorType
{
    internal static string Of(Exception failure) => failure switch
    {
        NetlinkException { IsTimeout: true } or TimeoutException => "timeout",
        NetlinkException => "netlink",
        MalformedMessageException => "malformed",
        LimitUnknownException => "limit",
        ConfigurationException => "configuration",
        EndpointException => "endpoint",
        TaskEndedException => "ended",
        UnauthorizedAccessException => "access",
        SocketException => "socket",
        IOException => "io",
        _ => "other",
    };
}
