using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Agent.Supervision;

/// <summary>
/// Tells the service manager how the agent is: systemd with <c>Type=notify</c> and <c>WatchdogSec</c>, see sd_notify(3) and
/// sd_watchdog_enabled(3). Where there is none it does nothing. What cannot be told is told again at the loop's next turn; nothing is thrown.
/// </summary>
internal sealed partial class ServiceManager : IDisposable
{
    // Two of three may be late by almost one more.
    private const int PingsPerTimeout = 3;

    // What a timer can wait at least.
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(1);

    private readonly NotifySocket? _socket;
    private readonly string _whenFine;
    private readonly TimeProvider _time;
    private readonly ILogger<ServiceManager> _logger;
    private volatile bool _toldReady;
    private (string? CannotMeasure, string? CannotPublish) _told;
    private long _lastPing;
    private bool _canTell = true;

    /// <param name="readVariable">Reads an environment variable; the manager sets NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.</param>
    /// <param name="whenFine">The status as long as the agent can do what it does, in a few words.</param>
    /// <param name="time">When the watchdog is to be told again.</param>
    /// <param name="logger">Is told when the manager cannot be.</param>
    internal ServiceManager(Func<string, string?> readVariable, string whenFine, TimeProvider time, ILogger<ServiceManager> logger)
    {
        _whenFine = whenFine;
        _time = time;
        _logger = logger;
        if (readVariable("NOTIFY_SOCKET") is not { Length: > 0 } address)
        {
            return;
        }

        try
        {
            _socket = new NotifySocket(address);
            WatchdogPause = ReadWatchdogTimeout(readVariable) is { } timeout
                ? TimeSpan.FromTicks(Math.Max(timeout.Ticks / PingsPerTimeout, ShortestPause.Ticks))
                : null;
        }
        catch (Exception failure) when (failure is ArgumentException or SocketException)
        {
            LogNoSocket(address, failure.Message);
        }
    }

    /// <summary>How long the watchdog may be left alone; null where there is none.</summary>
    internal TimeSpan? WatchdogPause { get; }

    /// <summary>The loop has turned. The first time means that the agent is ready, whatever came of it.</summary>
    /// <param name="cannotMeasure">Why the census failed; null when it succeeded.</param>
    /// <param name="cannotPublish">Why its result could not be written; null when it was, or is not to be.</param>
    internal void Turned(string? cannotMeasure, string? cannotPublish)
    {
        if (_toldReady && _told == (cannotMeasure, cannotPublish))
        {
            Waiting();
        }
        else if (TrySend($"{(_toldReady ? "" : "READY=1\n")}STATUS={Status(cannotMeasure, cannotPublish)}\nWATCHDOG=1\n"))
        {
            _toldReady = true;
            _told = (cannotMeasure, cannotPublish);
            _lastPing = _time.GetTimestamp();
        }
    }

    /// <summary>The loop is not stuck, it waits for its next turn or for the next part of this one.</summary>
    internal void Waiting()
    {
        if (_toldReady && WatchdogPause is { } pause && _time.GetElapsedTime(_lastPing) >= pause && TrySend("WATCHDOG=1\n"))
        {
            _lastPing = _time.GetTimestamp();
        }
    }

    /// <summary>The configuration is about to be read anew. The loop's next turn says that this is done.</summary>
    internal void Reloading()
    {
        // CLOCK_MONOTONIC, which is what TimeProvider.System counts from 0.
        TrySend(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={(long)_time.GetElapsedTime(0).TotalMicroseconds}\n"));
        _toldReady = false;
    }

    /// <summary>The agent is about to end.</summary>
    internal void Stopping() => TrySend("STOPPING=1\nSTATUS=ending\n");

    public void Dispose() => _socket?.Dispose();

    private static TimeSpan? ReadWatchdogTimeout(Func<string, string?> readVariable)
    {
        bool isForAnother = readVariable("WATCHDOG_PID") is { Length: > 0 } pid
            && pid != Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return !isForAnother
            && long.TryParse(readVariable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds)
            && microseconds is > 0 and <= long.MaxValue / TimeSpan.TicksPerMicrosecond
            ? TimeSpan.FromTicks(microseconds * TimeSpan.TicksPerMicrosecond)
            : null;
    }

    private string Status(string? cannotMeasure, string? cannotPublish) => (cannotMeasure, cannotPublish) switch
    {
        (null, null) => OneLine(_whenFine),
        (null, _) => OneLine($"cannot write: {cannotPublish}"),
        (_, null) => OneLine($"cannot measure: {cannotMeasure}"),
        _ => OneLine($"cannot measure: {cannotMeasure}; cannot write: {cannotPublish}"),
    };

    /// <summary>A line break would begin another assignment.</summary>
    private static string OneLine(string text) => text.Replace('\n', ' ');

    private bool TrySend(string assignments)
    {
        if (_socket is null)
        {
            return false;
        }

        try
        {
            _socket.Send(assignments);
            _canTell = true;
            return true;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            if (_canTell)
            {
                _canTell = false;
                LogCannotTell(failure.Message);
            }

            return false;
        }
    }

    [LoggerMessage(20, LogLevel.Warning, "the service manager is told nothing: NOTIFY_SOCKET '{Address}': {Reason}")]
    private partial void LogNoSocket(string address, string reason);

    [LoggerMessage(21, LogLevel.Warning, "cannot tell the service manager how the agent is: {Reason}; trying again at each interval")]
    private partial void LogCannotTell(string reason);
}
