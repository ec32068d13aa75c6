using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>
/// Tells the service manager how the agent is: systemd with <c>Type=notify</c> and <c>WatchdogSec</c>, see sd_notify(3) and
/// sd_watchdog_enabled(3). Where there is none it does nothing. What cannot be told is told again at the next turn; nothing is thrown.
/// </summary>
internal sealed partial class ServiceManager : IDisposable
{
    // Two of three may be late by almost one more.
    private const int PingsPerTimeout = 3;

    // What a timer can wait at least.
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(1);

    private readonly Lock _gate = new();
    private readonly NotifySocket? _socket;
    private readonly Func<string> _whenFine;
    private readonly TimeProvider _time;
    private readonly ILogger<ServiceManager> _logger;
    private bool _toldReady;
    private string? _toldStatus;
    private long _lastPing;
    private bool _canTell = true;

    /// <param name="readVariable">Reads an environment variable; the manager sets NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.</param>
    /// <param name="whenFine">Tells the status as long as the agent can do what it does, in a few words.</param>
    /// <param name="time">When the watchdog is to be told again.</param>
    /// <param name="logger">Is told when the manager cannot be.</param>
    internal ServiceManager(Func<string, string?> readVariable, Func<string> whenFine, TimeProvider time, ILogger<ServiceManager> logger)
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

    /// <summary>Something could not be told, and is told at the next turn.</summary>
    internal event Action? TurnNeeded;

    /// <summary>How long the watchdog may be left alone; null where there is none.</summary>
    internal TimeSpan? WatchdogPause { get; }

    /// <summary>Whether there is one.</summary>
    internal bool IsThere => _socket is not null;

    /// <summary>The agent does what it does, as well as it can. The first time means that it is ready.</summary>
    /// <param name="trouble">What it cannot do; null when it can do everything.</param>
    /// <returns>Whether the manager knows.</returns>
    internal bool Turned(string? trouble)
    {
        lock (_gate)
        {
            string status = OneLine(trouble ?? _whenFine());
            if (_toldReady && _toldStatus == status)
            {
                return Ping();
            }

            if (!TrySend($"{(_toldReady ? "" : "READY=1\n")}STATUS={status}\nWATCHDOG=1\n"))
            {
                return false;
            }

            _toldReady = true;
            _toldStatus = status;
            _lastPing = _time.GetTimestamp();
            return true;
        }
    }

    /// <summary>The configuration is about to be read anew.</summary>
    internal void Reloading()
    {
        lock (_gate)
        {
            // CLOCK_MONOTONIC, which is what TimeProvider.System counts from 0.
            TrySend(string.Create(
                CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={(long)_time.GetElapsedTime(0).TotalMicroseconds}\n"));
        }
    }

    /// <summary>That is done, whatever came of it. An agent that was not ready before is not ready by that.</summary>
    internal void Reloaded()
    {
        lock (_gate)
        {
            if (!_toldReady || TrySend("READY=1\n"))
            {
                return;
            }

            // At the next turn, as for the first time.
            _toldReady = false;
        }

        TurnNeeded?.Invoke();
    }

    /// <summary>The agent is about to end.</summary>
    internal void Stopping()
    {
        lock (_gate)
        {
            TrySend("STOPPING=1\nSTATUS=ending\n");
        }
    }

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

    private bool Ping()
    {
        if (WatchdogPause is not { } pause || _time.GetElapsedTime(_lastPing) < pause)
        {
            return true;
        }

        _lastPing = _time.GetTimestamp();
        return TrySend("WATCHDOG=1\n");
    }

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
                LogCannotTell(failure is SocketException refused ? _socket.Describe(refused) : failure.Message);
            }

            return false;
        }
    }

    [LoggerMessage(20, LogLevel.Warning, "the service manager is told nothing: NOTIFY_SOCKET '{Address}': {Reason}")]
    private partial void LogNoSocket(string address, string reason);

    [LoggerMessage(21, LogLevel.Warning, "cannot tell the service manager how the agent is: {Reason}; trying again each second")]
    private partial void LogCannotTell(string reason);
}
