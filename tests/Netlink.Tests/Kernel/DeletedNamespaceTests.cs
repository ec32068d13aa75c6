using System.Diagnostics;
using Netlink.SockDiag;
using Testing;

namespace Netlink.Tests.Kernel;

/// <summary>A socket in a network namespace keeps it alive, and its interfaces with it.</summary>
public sealed class DeletedNamespaceTests
{
    private static readonly SocketQuery Listeners = new(TcpStates.Listen, 8500);

    [Fact]
    public async Task Namespace_deleted_by_name_is_not_kept_alive()
    {
        await using LinkedNamespace linked = await LinkedNamespace.Make();
        using SockDiagClient client = new(NetworkNamespace.Parse(linked.Name));
        Count(client);

        await linked.Delete();

        Assert.Throws<NetlinkException>(() => Count(client));
        await linked.IsGone();
    }

    [Fact]
    public async Task Namespace_of_a_process_that_has_ended_is_not_kept_alive()
    {
        await using LinkedNamespace linked = await LinkedNamespace.Make();
        using Process process = new() { StartInfo = new ProcessStartInfo("ip", ["netns", "exec", linked.Name, "sleep", "1000"]) };
        Starting.Start(process);
        using SockDiagClient client = new(NetworkNamespace.Parse($"{process.Id}"));
        try
        {
            string there = new FileInfo($"/proc/self/ns/net").LinkTarget!;
            await Poll.Until(() => new FileInfo($"/proc/{process.Id}/ns/net").LinkTarget != there, "the process is in the namespace");
            Count(client);
            await linked.Delete();
            Count(client);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.Throws<NetlinkException>(() => Count(client));
        await linked.IsGone();
    }

    [Theory]
    [InlineData(Change.LinkRemoved)]
    [InlineData(Change.LinkToAFile)]
    [InlineData(Change.LinkToItself)]
    [InlineData(Change.LinkToAnotherNamespace)]
    [InlineData(Change.DirectoryReplacedByAFile)]
    public async Task Namespace_that_its_path_no_longer_refers_to_is_not_kept_alive(Change change)
    {
        await using LinkedNamespace linked = await LinkedNamespace.Make();
        using Scratch scratch = new();
        string directory = Directory.CreateDirectory(scratch["directory"]).FullName;
        string link = Path.Combine(directory, "link");
        File.CreateSymbolicLink(link, linked.Path);
        using SockDiagClient client = new(NetworkNamespace.Parse(link));
        Count(client);

        await linked.Delete();
        File.Delete(link);
        Make(change, directory, link);

        if (change == Change.LinkToAnotherNamespace)
        {
            Count(client);
        }
        else
        {
            Assert.Throws<NetlinkException>(() => Count(client));
        }

        await linked.IsGone();
    }

    /// <summary>The change of the path.</summary>
    public enum Change
    {
        LinkRemoved,
        LinkToAFile,
        LinkToItself,
        LinkToAnotherNamespace,
        DirectoryReplacedByAFile,
    }

    private static void Make(Change change, string directory, string link)
    {
        switch (change)
        {
            case Change.LinkToAFile:
                File.CreateSymbolicLink(link, "/dev/null");
                break;
            case Change.LinkToItself:
                File.CreateSymbolicLink(link, link);
                break;
            case Change.LinkToAnotherNamespace:
                File.CreateSymbolicLink(link, "/proc/self/ns/net");
                break;
            case Change.DirectoryReplacedByAFile:
                Directory.Delete(directory);
                File.WriteAllText(directory, "");
                break;
        }
    }

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
