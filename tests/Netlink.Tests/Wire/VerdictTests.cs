using System.Text;
using Netlink.Wire;
using Testing;

namespace Netlink.Tests.Wire;

public sealed class VerdictTests
{
    private delegate Verdict Read(NetlinkMessage message);

    [Theory]
    [InlineData(true, null)]
    [InlineData(false, null)]
    [InlineData(true, "Invalid bytecode")]
    [InlineData(false, "Invalid bytecode")]
    public void Error_is_read_with_and_without_extended_ack_and_echoed_request(bool capped, string? text) =>
        Assert.Equal(new Verdict(22, text), ReadOne(Replies.Error(1, 22, text, capped), Verdict.OfError));

    [Fact]
    public void Other_attributes_of_an_extended_ack_are_ignored()
    {
        byte[] error = Replies.Error(1, 22);
        byte[] payload = [.. error[16..], .. Replies.Attribute(2, [4, 0, 0, 0]), .. Replies.Attribute(1, Encoding.UTF8.GetBytes("why\0"))];
        byte[] message = Replies.Message(2, Replies.Capped | Replies.HasAttributes, 1, payload);
        Assert.Equal(new Verdict(22, "why"), ReadOne(message, Verdict.OfError));
    }

    [Fact]
    public void Message_of_the_kernel_is_one_line()
    {
        Assert.Equal("a b c", ReadOne(Replies.Error(1, 22, "a\nb\tc"), Verdict.OfError).KernelMessage);
    }

    [Fact]
    public void Errno_inside_done_is_read()
    {
        Assert.Equal(new Verdict(0, null), ReadOne(Replies.Done(1), Verdict.OfDone));
        Assert.Equal(new Verdict(2, null), ReadOne(Replies.Done(1, errno: 2), Verdict.OfDone));
    }

    [Fact]
    public void Extended_ack_inside_done_is_read()
    {
        byte[] payload = [.. BitConverter.GetBytes(-2), .. Replies.Attribute(1, Encoding.UTF8.GetBytes("no handler\0"))];
        Assert.Equal(new Verdict(2, "no handler"), ReadOne(Replies.Message(3, Replies.Multi | Replies.HasAttributes, 1, payload), Verdict.OfDone));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(19)]
    public void Too_short_error_is_rejected(int length) =>
        Assert.Throws<MalformedMessageException>(() => ReadOne(Replies.Message(2, 0, 1, new byte[length]), Verdict.OfError));

    [Fact]
    public void Done_without_its_errno_is_rejected() =>
        Assert.Throws<MalformedMessageException>(() => ReadOne(Replies.Message(3, 0, 1, [0, 0, 0]), Verdict.OfDone));

    [Theory]
    [InlineData(1)]
    [InlineData(int.MinValue)]
    public void Impossible_errno_is_rejected(int wire)
    {
        byte[] payload = [.. BitConverter.GetBytes(wire), .. new byte[16]];
        Assert.Throws<MalformedMessageException>(() => ReadOne(Replies.Message(2, 0, 1, payload), Verdict.OfError));
        Assert.Throws<MalformedMessageException>(() => ReadOne(Replies.Message(3, 0, 1, payload), Verdict.OfDone));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(15u)]
    [InlineData(200u)]
    [InlineData(uint.MaxValue)]
    public void Echoed_request_with_a_wrong_length_is_rejected(uint said)
    {
        byte[] message = Replies.Error(1, 22, "why", capped: false);
        BitConverter.TryWriteBytes(message.AsSpan(20), said);
        Assert.Throws<MalformedMessageException>(() => ReadOne(message, Verdict.OfError));
    }

    private static Verdict ReadOne(byte[] datagram, Read read)
    {
        MessageReader reader = new(datagram);
        Assert.True(reader.MoveNext());
        return read(reader.Current);
    }
}
