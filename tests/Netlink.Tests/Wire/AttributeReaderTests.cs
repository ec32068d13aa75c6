using Netlink.Wire;
using Testing;

namespace Netlink.Tests.Wire;

public sealed class AttributeReaderTests
{
    [Fact]
    public void Attributes_are_aligned_to_four_bytes_and_lose_their_flags()
    {
        const int NestedAndNetworkOrder = 0xc000;
        byte[] bytes = [.. Replies.Attribute(1 | NestedAndNetworkOrder, [9]), .. Replies.Attribute(21, [1, 2, 3, 4, 5, 6, 7, 8])];
        AttributeReader reader = new(bytes);

        Assert.True(reader.MoveNext());
        Assert.Equal(1, reader.Current.Type);
        Assert.Equal([9], reader.Current.Payload.ToArray());
        Assert.True(reader.MoveNext());
        Assert.Equal(21, reader.Current.Type);
        Assert.Equal(8, reader.Current.Payload.Length);
        Assert.False(reader.MoveNext());
    }

    [Theory]
    [InlineData(new byte[] { 1, 2, 3 })]
    [InlineData(new byte[] { 0, 0, 1, 0 })]
    [InlineData(new byte[] { 3, 0, 1, 0 })]
    [InlineData(new byte[] { 9, 0, 1, 0, 1, 2, 3, 4 })]
    public void Malformed_attributes_are_rejected(byte[] bytes) =>
        Assert.Throws<MalformedMessageException>(() =>
        {
            AttributeReader reader = new(bytes);
            while (reader.MoveNext())
            {
            }
        });
}
