using Netlink;
using Testing;

namespace Agent.Tests.Faults;

/// <summary>A scripted kernel whose mood changes under an open socket: each request is answered in the mood of its moment.</summary>
internal sealed class ChangingKernel(ManualTime clock)
{
    private volatile KernelBehavior _mood = KernelBehavior.Holding(0);
    private int _requests;
    private int _open;

    internal int Requests => _requests;

    /// <summary>How many of its sockets are open now.</summary>
    internal int Open => _open;

    internal void Is(KernelBehavior mood) => _mood = mood;

    internal INetlinkChannel OpenChannel()
    {
        Interlocked.Increment(ref _open);
        return new Channel(this, clock);
    }

    private sealed class Channel(ChangingKernel kernel, ManualTime clock) : INetlinkChannel
    {
        private ScriptedKernel _answer = new();
        private TimeSpan _pace;
        private bool _closed;

        public uint PortId => ScriptedKernel.OwnPortId;

        public int Send(ReadOnlySpan<byte> request)
        {
            Interlocked.Increment(ref kernel._requests);
            KernelBehavior mood = kernel._mood;
            _answer = mood.Answer();
            _pace = mood.Pace;
            clock.Leap(_pace);
            return _answer.Send(request);
        }

        public int Receive(Span<byte> buffer, out uint senderPortId)
        {
            clock.Leap(_pace);
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
