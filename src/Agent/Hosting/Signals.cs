using System.Runtime.InteropServices;
using static Tmds.Linux.LibC;

namespace Agent.Hosting;

/// <summary>
/// SIGTERM, SIGINT and SIGQUIT end the agent; a second one ends it at once. SIGHUP reloads the configuration file. Without such a file it ends the
/// agent too: the terminal was closed.
/// </summary>
internal sealed class Signals : IDisposable
{
    private const int ExitCodeOfSignal = 128;

    // timeout(1) signals its child and then its process group, so the child gets two signals. A person does not send two that fast.
    private static readonly TimeSpan Doubled = TimeSpan.FromMilliseconds(250);

    private readonly PosixSignalRegistration[] _registrations;
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _gate = new();
    private readonly bool _hasFile;
    private readonly TimeProvider _time;
    private readonly Action<int> _exit;
    private long? _endingSince;

    /// <param name="hasFile">Whether there is a configuration file that can be read again.</param>
    /// <param name="time">The clock.</param>
    /// <param name="exit">Ends the process at once with an exit code.</param>
    internal Signals(bool hasFile, TimeProvider time, Action<int> exit)
    {
        (_hasFile, _time, _exit) = (hasFile, time, exit);
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, End),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, End),
            PosixSignalRegistration.Create(PosixSignal.SIGQUIT, End),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, HangUp),
        ];
    }

    /// <summary>From now on a write beyond <c>ulimit -f</c> fails like one to a full disk. By default SIGXFSZ ends the agent without a message.</summary>
    internal static void IgnoreFileSizeLimit() => _ = Netlink.Interop.LibC.sigignore(SIGXFSZ);

    /// <summary>Cancelled when the agent has to end.</summary>
    internal CancellationToken Ending => _ending.Token;

    /// <summary>Set when the configuration has to be reloaded.</summary>
    internal AutoResetEvent Reload { get; } = new(false);

    public void Dispose()
    {
        Array.ForEach(_registrations, registration => registration.Dispose());
        // The token and the event stay: a handler that has begun may still use them.
    }

    /// <summary>Handles a signal that ends the agent.</summary>
    internal void End(PosixSignalContext context)
    {
        context.Cancel = true;
        long now = _time.GetTimestamp();
        long? since;
        lock (_gate)
        {
            since = _endingSince;
            _endingSince ??= now;
        }

        if (since is not { } first)
        {
            _ending.Cancel();
        }
        else if (_time.GetElapsedTime(first, now) > Doubled)
        {
            _exit(ExitCodeOfSignal + NumberOf(context.Signal));
        }
    }

    /// <summary>Handles SIGHUP.</summary>
    internal void HangUp(PosixSignalContext context)
    {
        if (_hasFile)
        {
            context.Cancel = true;
            Reload.Set();
        }
        else
        {
            End(context);
        }
    }

    // .NET has negative numbers of its own for these signals.
    private static int NumberOf(PosixSignal signal) => signal switch
    {
        PosixSignal.SIGHUP => SIGHUP,
        PosixSignal.SIGINT => SIGINT,
        PosixSignal.SIGQUIT => SIGQUIT,
        _ => SIGTERM,
    };
}
