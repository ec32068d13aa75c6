using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>
/// Reports the agent's state to the service manager: systemd with <c>Type=notify</c> and <c>WatchdogSec</c>, see sd_notify(3) and
/// sd_watchdog_enabled(3). Without one it does nothing. A message that could not be sent is sent with the next report; nothing is thrown.
/// </summary>
internal sealed partial class ServiceManager : IDisposable
{
    // Two of three pings may be lost or late.
    private const int PingsPerTimeout = 3;

    // The shortest wait of a timer.
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(1);

    private readonly Lock _gate = new();
    private readonly NotifySocket? _socket;
    private readonly TimeProvider _time;
    private readonly ILogger<ServiceManager> _logger;
    private bool _isReadySent;
    private string? _sentStatus;
    private long _lastPing;
    private bool _canSend = true;

    /// <param name="readVariable">Reads an environment variable; the manager sets NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.</param>
    /// <param name="time">The clock of the watchdog.</param>
    /// <param name="logger">Logs when the manager cannot be reached.</param>
    internal ServiceManager(Func<string, string?> readVariable, TimeProvider time, ILogger<ServiceManager> logger)
    {
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

    /// <summary>Raised when a message could not be sent, and has to go with the next report.</summary>
    internal event Action? ReportNeeded;

    /// <summary>The time from one ping of the watchdog to the next; null without a watchdog.</summary>
    internal TimeSpan? WatchdogPause { get; }

    /// <summary>The time until the next ping; null without a watchdog.</summary>
    internal TimeSpan? UntilPing
    {
        get
        {
            lock (_gate)
            {
                return WatchdogPause - _time.GetElapsedTime(_lastPing);
            }
        }
    }

    /// <summary>Whether there is a service manager.</summary>
    internal bool IsThere => _socket is not null;

    /// <summary>Reports that the agent runs. The first report means that it is ready.</summary>
    /// <param name="text">The status line: what the agent does, or what it cannot do.</param>
    /// <returns>Whether the message was sent.</returns>
    internal bool Report(string text)
    {
        lock (_gate)
        {
            string status = OneLine(text);
            if (_isReadySent && _sentStatus == status)
            {
                return Ping();
            }

            if (!TrySend($"{(_isReadySent ? "" : "READY=1\n")}STATUS={status}\nWATCHDOG=1\n"))
            {
                return false;
            }

            _isReadySent = true;
            _sentStatus = status;
            _lastPing = _time.GetTimestamp();
            return true;
        }
    }

    /// <summary>Reports that the configuration is about to be reloaded.</summary>
    internal void Reloading()
    {
        lock (_gate)
        {
            // CLOCK_MONOTONIC: the timestamps of TimeProvider.System count it from 0.
            TrySend(string.Create(
                CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={(long)_time.GetElapsedTime(0).TotalMicroseconds}\n"));
        }
    }

    /// <summary>Reports that the reload is over, whether it succeeded or not. An agent that was not ready before is not ready now.</summary>
    internal void Reloaded()
    {
        lock (_gate)
        {
            if (!_isReadySent || TrySend("READY=1\n"))
            {
                return;
            }

            // The next report says READY=1 again.
            _isReadySent = false;
        }

        ReportNeeded?.Invoke();
    }

    /// <summary>Reports that the agent is about to end.</summary>
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

        if (!TrySend("WATCHDOG=1\n"))
        {
            return false;
        }

        _lastPing = _time.GetTimestamp();
        return true;
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
            _canSend = true;
            return true;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            if (_canSend)
            {
                _canSend = false;
                LogCannotSend(failure is SocketException refused ? _socket.Describe(refused) : failure.Message);
            }

            return false;
        }
    }

    [LoggerMessage(20, LogLevel.Warning, "cannot report to the service manager: NOTIFY_SOCKET '{Address}': {Reason}")]
    private partial void LogNoSocket(string address, string reason);

    [LoggerMessage(21, LogLevel.Warning, "cannot send the status to the service manager: {Reason}; trying again each second")]
    private partial void LogCannotSend(string reason);
}

/// <summary>The socket on which a service manager receives messages of its services, see sd_notify(3).</summary>
internal sealed class NotifySocket : IDisposable
{
    private readonly Socket _socket;
    private readonly string _address;
    private readonly UnixDomainSocketEndPoint _manager;

    /// <param name="address">The value of NOTIFY_SOCKET: a path, or an abstract name with @ in place of its leading NUL.</param>
    /// <exception cref="ArgumentException">The address is neither, or too long.</exception>
    internal NotifySocket(string address)
    {
        if (!address.StartsWith('/') && !address.StartsWith('@'))
        {
            throw new ArgumentException("neither a path nor an abstract name", nameof(address));
        }

        _address = address;
        _manager = new UnixDomainSocketEndPoint(address.StartsWith('@') ? '\0' + address[1..] : address);
        // Non-blocking: a slow manager must not hold up the agent.
        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
    }

    /// <summary>Sends assignments, a line each, as one message.</summary>
    /// <exception cref="SocketException">No process listens there, or the queue is full.</exception>
    internal void Send(string assignments) => _socket.SendTo(Encoding.UTF8.GetBytes(assignments), _manager);

    /// <summary>The reason of a failure, with advice for the two reasons that an operator can remove.</summary>
    internal string Describe(SocketException failure) => failure.SocketErrorCode switch
    {
        // .NET's code for ENOENT; its own text is misleading.
        SocketError.AddressNotAvailable => $"NOTIFY_SOCKET '{_address}' does not exist; unset it where no service manager waits for the agent",
        SocketError.ConnectionRefused => $"no service manager listens at NOTIFY_SOCKET '{_address}'; unset it where none waits for the agent",
        _ => $"NOTIFY_SOCKET '{_address}': {failure.Message}",
    };

    public void Dispose() => _socket.Dispose();
}
