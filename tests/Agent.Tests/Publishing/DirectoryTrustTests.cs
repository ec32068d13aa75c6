using Agent.Publishing;
using Testing;

namespace Agent.Tests.Publishing;

public sealed class DirectoryTrustTests : IDisposable
{
    private const uint Agent = 4711;
    private const uint AgentGroup = 4712;

    private readonly Scratch _scratch = new();

    public DirectoryTrustTests() => Requires.Root();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("0:0", "755")]
    [InlineData("0:0", "775")]
    [InlineData("4711:0", "700")]
    [InlineData("4711:4712", "770")]
    [InlineData("0:4712", "2775")]
    [InlineData("0:1000", "755")]
    public async Task Directory_of_root_or_of_the_agent_is_trusted(string owner, string mode) =>
        Assert.Null(Find(await Make("d", owner, mode)));

    [Theory]
    [InlineData("1000:0", "755", "belongs to user 1000; give it to root or to the agent's own user, or choose another directory")]
    [InlineData("65534:65534", "700", "belongs to user 65534; give it to root or to the agent's own user, or choose another directory")]
    [InlineData("0:0", "757", "may be written by every user; chmod o-w it")]
    [InlineData("4711:4712", "777", "may be written by every user; chmod o-w it")]
    [InlineData("0:0", "1777", "may be written by every user; chmod o-w it")]
    [InlineData("0:1000", "775", "may be written by group 1000; chmod g-w it")]
    [InlineData("4711:1000", "1770", "may be written by group 1000; chmod g-w it")]
    public async Task Directory_that_others_may_write_is_dangerous(string owner, string mode, string reason)
    {
        string directory = await Make("d", owner, mode);
        Assert.Equal($"{directory} {reason}", Find(directory));
    }

    [Theory]
    [InlineData("1000:0", "755", "belongs to user 1000; give it to root or to the agent's own user, or choose another directory")]
    [InlineData("1000:0", "1755", "belongs to user 1000; give it to root or to the agent's own user, or choose another directory")]
    [InlineData("0:0", "777", "may be written by every user; chmod o-w it")]
    [InlineData("0:1000", "770", "may be written by group 1000; chmod g-w it")]
    public async Task Parent_directory_that_others_may_write_is_dangerous(string owner, string mode, string reason)
    {
        string above = await Make("above", owner, mode);
        await Make("above/between", "0:0", "755");
        Assert.Equal($"{above} {reason}", Find(await Make("above/between/d", "4711:4712", "755")));
    }

    [Fact]
    public async Task Sticky_parent_directory_is_not_dangerous()
    {
        await Make("tmp", "0:0", "1777");
        Assert.Null(Find(await Make("tmp/d", "4711:4712", "755")));
    }

    [Fact]
    public async Task Symbolic_link_of_another_user_is_dangerous()
    {
        string directory = await Make("d", "0:0", "755");
        string link = _scratch["link"];
        File.CreateSymbolicLink(link, directory);
        Assert.Null(Find(link));
        Assert.Equal(0, (await Tool.Run("chown", ["-h", "1000", link])).ExitCode);
        Assert.StartsWith($"{link} belongs to user 1000; ", Find(link));
    }

    [Fact]
    public async Task Directory_above_the_target_of_a_symbolic_link_is_checked()
    {
        string above = await Make("above", "1000:0", "755");
        File.CreateSymbolicLink(_scratch["link"], await Make("above/d", "0:0", "755"));
        Assert.StartsWith($"{above} belongs to user 1000; ", Find(_scratch["link"]));
    }

    [Fact]
    public void Missing_directory_is_not_dangerous() => Assert.Null(Find(_scratch["none"]));

    private static string? Find(string directory) => DirectoryTrust.FindDanger(directory, Agent, AgentGroup);

    private async Task<string> Make(string name, string owner, string mode)
    {
        string directory = _scratch[name];
        Directory.CreateDirectory(directory);
        Assert.Equal(0, (await Tool.Run("chown", [owner, directory])).ExitCode);
        Assert.Equal(0, (await Tool.Run("chmod", [mode, directory])).ExitCode);
        return directory;
    }
}
