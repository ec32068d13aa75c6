using System.Text;
using Agent.Platform;

namespace Agent.Tests.Platform;

public sealed class DescriptorsTests
{
    [Theory]
    [InlineData("socket:[1]", 1u)]
    [InlineData("socket:[4294967295]", 4294967295u)]
    [InlineData("socket:[4294967296]", null)]
    [InlineData("socket:[]", null)]
    [InlineData("socket:[-1]", null)]
    [InlineData("socket:[1", null)]
    [InlineData("socket:[", null)]
    [InlineData("socket:", null)]
    [InlineData("", null)]
    [InlineData("pipe:[1]", null)]
    [InlineData("/tmp/socket:[1]", null)]
    public void Only_the_link_of_a_socket_has_an_inode(string link, uint? inode) => Assert.Equal(inode, Descriptors.SocketInode(Encoding.UTF8.GetBytes(link)));
}
