using System.Runtime.InteropServices;
using static Tmds.Linux.LibC;

namespace Agent.Hosting;

/// <summary>
/// SIGTERM, SIGINT and SIGQUIT end the agent, at once when a second one follows. SIGHUP has the configuration read anew; where there is no file for
/// that it means what it always did, that the terminal was closed.
/// </summary>
internal sealed class Signals : IDisposable
{
    private const int ExitCodeOfSignal = 128;

    // timeout(1) tells its child first, and then all of its group, the child again. Nobody who has lost patience is as fast as that.
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
    /// <param name="exit">Ends the process at once, with this code.</param>
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

    /// <summary>
    /// A write beyond <c>ulimit -f</c> fails like one to a full disk from now on; by itself SIGXFSZ would end the agent without a word.
    /// </summary>
    internal static void IgnoreFileSizeLimit() => _ = Netlink.Interop.LibC.sigignore(SIGXFSZ);

    /// <summary>Is cancelled when the agent is to end.</summary>
    internal CancellationToken Ending => _ending.Token;

    /// <summary>Is set when the configuration is to be read anew.</summary>
    internal AutoResetEvent Reload { get; } = new(false);

    public void Dispose()
    {
        Array.ForEach(_registrations, registration => registration.Dispose());
        // Not what a handler that has begun may still set.
    }

    /// <summary>What a signal that ends the agent does.</summary>
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

    /// <summary>What SIGHUP does.</summary>
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

    // Those of .NET have negative numbers, which are not the system's.
    private static int NumberOf(PosixSignal signal) => signal switch
    {
        PosixSignal.SIGHUP => SIGHUP,
        PosixSignal.SIGINT => SIGINT,
        PosixSignal.SIGQUIT => SIGQUIT,
        _ => SIGTERM,
    };
}
