using Netlink.Wire;
using Testing;

namespace Netlink.Tests.Wire;

public sealed class MessageReaderTests
{
    [Fact]
    public void Empty_datagram_has_no_message()
    {
        MessageReader reader = new([]);
        Assert.False(reader.MoveNext());
    }

    [Fact]
    public void Messages_are_aligned_to_four_bytes()
    {
        byte[] datagram = [.. Replies.Message(20, 2, 5, [1, 2, 3]), .. Replies.Message(3, 0, 6, [4, 5, 6, 7], portId: 9)];
        MessageReader reader = new(datagram);

        Assert.True(reader.MoveNext());
        Assert.Equal((20, 2, 5u, ScriptedKernel.OwnPortId), (reader.Current.Type, reader.Current.Flags, reader.Current.Sequence, reader.Current.PortId));
        Assert.Equal([1, 2, 3], reader.Current.Payload.ToArray());
        Assert.True(reader.MoveNext());
        Assert.Equal((3, 0, 6u, 9u), (reader.Current.Type, reader.Current.Flags, reader.Current.Sequence, reader.Current.PortId));
        Assert.Equal([4, 5, 6, 7], reader.Current.Payload.ToArray());
        Assert.False(reader.MoveNext());
    }

    [Fact]
    public void Last_message_needs_no_padding()
    {
        MessageReader reader = new(Replies.Message(20, 2, 5, [1, 2, 3]).AsSpan(0, 19));
        Assert.True(reader.MoveNext());
        Assert.Equal([1, 2, 3], reader.Current.Payload.ToArray());
        Assert.False(reader.MoveNext());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    public void Truncated_header_is_rejected(int length)
    {
        MalformedMessageException rejected = Assert.Throws<MalformedMessageException>(() => Walk(new byte[length]));
        Assert.Contains($"{length} bytes of a header of 16", rejected.Message);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(15u)]
    [InlineData(21u)]
    [InlineData(uint.MaxValue)]
    public void Wrong_length_is_rejected(uint length)
    {
        byte[] datagram = Replies.Message(20, 2, 5, [1, 2, 3, 4]);
        BitConverter.TryWriteBytes(datagram, length);
        MalformedMessageException rejected = Assert.Throws<MalformedMessageException>(() => Walk(datagram));
        Assert.Contains($"with the length {length}, but 20 bytes were received", rejected.Message);
    }

    private static void Walk(byte[] datagram)
    {
        MessageReader reader = new(datagram);
        while (reader.MoveNext())
        {
        }
    }
}
