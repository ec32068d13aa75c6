using Netlink.SockDiag;
using Testing;

namespace Netlink.Tests.Kernel;

public sealed class NetworkNamespaceTests
{
    private const int EPERM = 1;
    private const int ENOENT = 2;
    private const int EACCES = 13;
    private const int EINVAL = 22;

    private static readonly SocketQuery Listeners = new(TcpStates.Listen, 8500);

    [Theory]
    [InlineData("1", "/proc/1/ns/net")]
    [InlineData("0001", "/proc/1/ns/net")]
    [InlineData("consul", "/run/netns/consul")]
    [InlineData("1a", "/run/netns/1a")]
    [InlineData("-1", "/run/netns/-1")]
    [InlineData("/proc/1/ns/net", "/proc/1/ns/net")]
    [InlineData("./ns", "./ns")]
    public void Text_is_a_process_id_a_path_or_a_name(string where, string path)
    {
        NetworkNamespace parsed = NetworkNamespace.Parse(where);
        Assert.Equal((where, path), (parsed.Where, parsed.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("99999999999999999999")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a\0b")]
    public void Malformed_namespace_is_rejected(string where) => Assert.Throws<FormatException>(() => NetworkNamespace.Parse(where));

    [Fact]
    public void Sockets_of_the_given_namespace_are_counted()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        using SockDiagClient client = new(NetworkNamespace.Parse(host.Path));
        Assert.Equal(1, Count(client));
        Assert.Equal(1, Count(client));

        using TestNamespace empty = new();
        using SockDiagClient other = new(NetworkNamespace.Parse(empty.Path));
        Assert.Equal(0, Count(other));
    }

    [Fact]
    public async Task Name_under_run_netns_is_found()
    {
        string ip = Requires.Program("ip", "iproute2");
        Requires.Root();
        string name = $"agent-test-{Guid.NewGuid():N}";
        (int made, string complaint) = await Tool.Run(ip, ["netns", "add", name]);
        Assert.True(made == 0, complaint);
        try
        {
            using SockDiagClient client = new(NetworkNamespace.Parse(name));
            Assert.Equal(0, Count(client));
        }
        finally
        {
            await Tool.Run(ip, ["netns", "delete", name]);
        }
    }

    [Fact]
    public void Calling_thread_stays_in_its_namespace()
    {
        using TestNamespace host = new();
        string before = OwnNamespace();
        using SockDiagClient client = new(NetworkNamespace.Parse(host.Path));
        Count(client);
        Assert.Equal(before, OwnNamespace());
    }

    [Fact]
    public void Deleted_namespace_is_an_error()
    {
        TestNamespace host = new();
        using SockDiagClient client = new(NetworkNamespace.Parse(host.Path));
        Assert.Equal(0, Count(client));
        host.Dispose();

        NetlinkException refused = Assert.Throws<NetlinkException>(() => Count(client));
        Assert.Equal((NetlinkOperation.OpenNamespace, ENOENT), (refused.Operation, refused.Errno));
    }

    [Fact]
    public void Name_that_changes_to_another_namespace_is_followed()
    {
        using Scratch scratch = new();
        using TestNamespace first = new();
        using TestNamespace second = new();
        using Connections server = new(second, 8500);
        string link = scratch["current"];
        File.CreateSymbolicLink(link, first.Path);
        using SockDiagClient client = new(NetworkNamespace.Parse(link));
        Assert.Equal(0, Count(client));

        File.Delete(link);
        File.CreateSymbolicLink(link, second.Path);
        Assert.Equal(1, Count(client));
    }

    [Fact]
    public void File_that_is_not_a_namespace_is_an_error_with_advice()
    {
        Requires.Root();
        using Scratch scratch = new();
        File.WriteAllText(scratch["file"], "");
        using SockDiagClient client = new(NetworkNamespace.Parse(scratch["file"]));
        NetlinkException refused = Assert.Throws<NetlinkException>(() => Count(client));
        Assert.Equal((NetlinkOperation.EnterNamespace, EINVAL), (refused.Operation, refused.Errno));
        Assert.Contains("it is not a network namespace: give a PID, a path such as /proc/1/ns/net, or a name under /run/netns", refused.Message);
    }

    [Theory]
    [InlineData(NetworkOperation.Open, EACCES, "CAP_SYS_PTRACE")]
    [InlineData(NetworkOperation.Enter, EPERM, "CAP_SYS_ADMIN")]
    public void Missing_capability_is_named(NetworkOperation operation, int errno, string capability)
    {
        NetlinkOperation at = operation == NetworkOperation.Open ? NetlinkOperation.OpenNamespace : NetlinkOperation.EnterNamespace;
        Assert.Contains(capability, new NetlinkException(at, errno, "'x'").Message);
    }

    [Theory]
    [InlineData(97, "RestrictAddressFamilies=")]
    [InlineData(93, "sandbox")]
    [InlineData(24, "LimitNOFILE=")]
    public void Refused_netlink_socket_is_an_error_with_advice(int errno, string advice) =>
        Assert.Contains(advice, new NetlinkException(NetlinkOperation.OpenSocket, errno).Message);

    [Fact]
    public void Every_error_message_is_one_line()
    {
        foreach (NetlinkOperation operation in Enum.GetValues<NetlinkOperation>())
        {
            for (int errno = 1; errno < 134; errno++)
            {
                Assert.DoesNotContain('\n', new NetlinkException(operation, errno).Message);
            }
        }
    }

    /// <summary>The step into a namespace that is refused.</summary>
    public enum NetworkOperation
    {
        Open,
        Enter,
    }

    private static string OwnNamespace() => new FileInfo("/proc/thread-self/ns/net").LinkTarget!;

    private static int Count(SockDiagClient client)
    {
        int count = 0;
        foreach (InetSocket socket in client.Dump(Listeners))
        {
            count++;
        }

        return count;
    }
}
