using System.Runtime.InteropServices;

namespace Agent.Hosting;

/// <summary>
/// Remembers a SIGHUP that comes before the agent has read its settings, until <see cref="Signals"/> can handle it. Without this, it would end the
/// agent. The other signals may end an agent that does nothing yet.
/// </summary>
internal sealed class EarlyHangUp : IDisposable
{
    private readonly PosixSignalRegistration _registration;
    private readonly Lock _gate = new();
    private Signals? _successor;
    private bool _hasCome;

    internal EarlyHangUp() => _registration = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Remember);

    /// <summary>Passes SIGHUP on, also one that has come already.</summary>
    internal void HandOver(Signals successor)
    {
        bool hasCome;
        lock (_gate)
        {
            _successor = successor;
            hasCome = _hasCome;
        }

        if (hasCome)
        {
            successor.HangUp(new PosixSignalContext(PosixSignal.SIGHUP));
        }

        _registration.Dispose();
    }

    public void Dispose() => _registration.Dispose();

    /// <summary>Handles SIGHUP until then.</summary>
    internal void Remember(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (_gate)
        {
            if (_successor is null)
            {
                _hasCome = true;
                return;
            }
        }

        // The successor came in between. Handling one SIGHUP twice does no harm.
        _successor.HangUp(context);
    }
}
