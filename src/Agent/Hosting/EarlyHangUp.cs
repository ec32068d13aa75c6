using System.Runtime.InteropServices;

namespace Agent.Hosting;

/// <summary>
/// Remembers SIGHUP, which would end the agent before it has read its arguments and settings, until <see cref="Signals"/> can do what it means. The
/// other signals end an agent that does nothing yet, and may.
/// </summary>
internal sealed class EarlyHangUp : IDisposable
{
    private readonly PosixSignalRegistration _registration;
    private readonly Lock _gate = new();
    private Signals? _successor;
    private bool _cameBefore;

    internal EarlyHangUp() => _registration = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Remember);

    /// <summary>Leaves SIGHUP to these, also one that has come already.</summary>
    internal void HandOver(Signals successor)
    {
        bool cameBefore;
        lock (_gate)
        {
            _successor = successor;
            cameBefore = _cameBefore;
        }

        if (cameBefore)
        {
            successor.HangUp(new PosixSignalContext(PosixSignal.SIGHUP));
        }

        _registration.Dispose();
    }

    public void Dispose() => _registration.Dispose();

    /// <summary>What SIGHUP does until then.</summary>
    internal void Remember(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (_gate)
        {
            if (_successor is null)
            {
                _cameBefore = true;
                return;
            }
        }

        // It came before its successor was there, and is handled after it. To do twice what it means does no harm.
        _successor.HangUp(context);
    }
}
