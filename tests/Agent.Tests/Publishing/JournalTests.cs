using Agent.Publishing;

namespace Agent.Tests.Publishing;

public sealed class JournalTests
{
    [Theory]
    [InlineData("8:123", 0, 8, 123)]
    [InlineData("64769:5", 253, 1, 5)]
    [InlineData("1049088:18446744073709551615", 2, 256, ulong.MaxValue)]
    public void Stream_with_the_same_device_and_inode_matches(string stream, uint major, uint minor, ulong inode) =>
        Assert.True(Journal.Leads(stream, major, minor, inode));

    [Theory]
    [InlineData("")]
    [InlineData("8")]
    [InlineData("8:")]
    [InlineData(":123")]
    [InlineData("9:123")]
    [InlineData("8:124")]
    [InlineData("8:123:1")]
    [InlineData("0x8:123")]
    [InlineData("8:-123")]
    [InlineData(" 8:123")]
    public void Different_or_malformed_stream_does_not_match(string stream) => Assert.False(Journal.Leads(stream, 0, 8, 123));
}
