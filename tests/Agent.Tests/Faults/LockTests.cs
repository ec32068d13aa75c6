using System.Net.Sockets;
using Agent.Publishing;
using Testing;

namespace Agent.Tests.Faults;

/// <summary>A lock that cannot be opened is a failure of the disk, and the agent tries again. Only a lock that is held means another agent, and ends this one.</summary>
public sealed class LockTests
{
    [Fact]
    public void Lock_that_cannot_be_opened_is_not_taken_for_another_agents_lock()
    {
        using Scratch scratch = new();
        using Textfile textfile = new(scratch.Path);
        // Opening a socket fails with ENXIO, like opening a file on a faulty disk fails with EIO or ESTALE.
        using (Socket inTheWay = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            inTheWay.Bind(new UnixDomainSocketEndPoint(scratch["tcp_connections.prom.lock"]));
            Assert.ThrowsAny<IOException>(() => textfile.Write("text\n"u8));
        }

        File.Delete(scratch["tcp_connections.prom.lock"]);
        textfile.Write("text\n"u8);
        Assert.Equal("text\n", File.ReadAllText(textfile.FilePath));
    }
}
