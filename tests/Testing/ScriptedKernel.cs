using Netlink;

namespace Testing;

/// <summary>A kernel that follows a script, for behavior that the real one does not show on demand.</summary>
internal sealed class ScriptedKernel : INetlinkChannel
{
    internal const uint OwnPortId = 4242;

    private readonly Queue<Func<uint, Reception>> _script = new();
    private Func<uint, Reception>? _forEver;

    /// <summary>The received requests.</summary>
    internal List<byte[]> Requests { get; } = [];

    internal int SendResult { get; set; }

    internal int Receptions { get; private set; }

    internal bool IsClosed { get; private set; }

    public uint PortId => OwnPortId;

    /// <summary>That of no real namespace, so that no socket of the test's process belongs to it.</summary>
    public ulong? NetnsCookie => ulong.MaxValue;

    /// <summary>Answers the next receive with a datagram, which is created with the sequence number of the latest request.</summary>
    internal ScriptedKernel Reply(Func<uint, byte[]> datagram, uint sender = 0)
    {
        _script.Enqueue(sequence => new Reception(datagram(sequence), sender, 0));
        return this;
    }

    /// <summary>Answers the next receive with an error.</summary>
    internal ScriptedKernel Fail(int errno)
    {
        _script.Enqueue(_ => new Reception([], 0, errno));
        return this;
    }

    /// <summary>Answers every receive after the script with this datagram.</summary>
    internal ScriptedKernel ForEver(Func<uint, byte[]> datagram, uint sender = 0)
    {
        _forEver = sequence => new Reception(datagram(sequence), sender, 0);
        return this;
    }

    /// <summary>Answers every receive after the script with this error.</summary>
    internal ScriptedKernel FailForEver(int errno)
    {
        _forEver = _ => new Reception([], 0, errno);
        return this;
    }

    public int Send(ReadOnlySpan<byte> request)
    {
        Requests.Add(request.ToArray());
        return SendResult;
    }

    public int Receive(Span<byte> buffer, out uint senderPortId)
    {
        Receptions++;
        Func<uint, Reception> next = _script.TryDequeue(out Func<uint, Reception>? scripted)
            ? scripted
            : _forEver ?? throw new InvalidOperationException("the client receives after the end of the script");
        Reception reception = next(BitConverter.ToUInt32(Requests[^1], 8));
        senderPortId = reception.Sender;
        if (reception.Errno != 0)
        {
            return -reception.Errno;
        }

        reception.Datagram.AsSpan(0, Math.Min(buffer.Length, reception.Datagram.Length)).CopyTo(buffer);
        return reception.Datagram.Length;
    }

    public void Dispose() => IsClosed = true;

    private sealed record Reception(byte[] Datagram, uint Sender, int Errno);
}
