using Netlink;
using Testing;

namespace Agent.Tests.Faults;

/// <summary>A scripted kernel whose behavior changes while a socket is open. The behavior at the time of a request decides the answer.</summary>
internal sealed class ChangingKernel(ManualTime clock)
{
    private volatile KernelBehavior _behavior = KernelBehavior.Holding(0);
    private int _requests;
    private int _open;

    internal int Requests => _requests;

    /// <summary>The number of open sockets.</summary>
    internal int Open => _open;

    internal void Behave(KernelBehavior behavior) => _behavior = behavior;

    internal INetlinkChannel OpenChannel()
    {
        Interlocked.Increment(ref _open);
        return new Channel(this, clock);
    }

    private sealed class Channel(ChangingKernel kernel, ManualTime clock) : INetlinkChannel
    {
        private ScriptedKernel _answer = new();
        private TimeSpan _delay;
        private bool _closed;

        public uint PortId => ScriptedKernel.OwnPortId;

        public int Send(ReadOnlySpan<byte> request)
        {
            Interlocked.Increment(ref kernel._requests);
            KernelBehavior behavior = kernel._behavior;
            _answer = behavior.Answer();
            _delay = behavior.Delay;
            clock.Leap(_delay);
            return _answer.Send(request);
        }

        public int Receive(Span<byte> buffer, out uint senderPortId)
        {
            clock.Leap(_delay);
            return _answer.Receive(buffer, out senderPortId);
        }

        public void Dispose()
        {
            if (!_closed)
            {
                _closed = true;
                Interlocked.Decrement(ref kernel._open);
            }
        }
    }
}
