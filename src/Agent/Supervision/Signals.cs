using System.Runtime.InteropServices;

namespace Agent.Supervision;

/// <summary>
/// SIGTERM and SIGINT end the agent, at once when they come a second time. SIGHUP has the configuration read anew; where there is no file it
/// means what it always did, that the terminal was closed.
/// </summary>
internal sealed class Signals : IDisposable
{
    private const int ExitCodeOfSignal = 128;

    private readonly PosixSignalRegistration[] _registrations;
    private readonly CancellationTokenSource _ending = new();
    private readonly bool _hasFile;
    private bool _isEnding;

    /// <param name="hasFile">Whether there is a configuration file.</param>
    internal Signals(bool hasFile)
    {
        _hasFile = hasFile;
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, End),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, End),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, HangUp),
        ];
    }

    /// <summary>Is cancelled when the agent is to end.</summary>
    internal CancellationToken Ending => _ending.Token;

    /// <summary>Is set when the configuration is to be read anew.</summary>
    internal AutoResetEvent Reload { get; } = new(false);

    public void Dispose()
    {
        Array.ForEach(_registrations, registration => registration.Dispose());
        // Not what a handler that has begun may still set.
    }

    private void End(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Exchange(ref _isEnding, true))
        {
            Environment.Exit(ExitCodeOfSignal + NumberOf(context.Signal));
        }

        _ending.Cancel();
    }

    private void HangUp(PosixSignalContext context)
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
        PosixSignal.SIGHUP => 1,
        PosixSignal.SIGINT => 2,
        _ => 15,
    };
}
