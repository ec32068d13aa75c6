using Testing;

namespace Agent.Tests.Program;

[StartsProgram]
public sealed class OnceTests
{
    [Fact]
    public async Task Once_prints_one_census_and_writes_no_file()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        using Scratch scratch = new();
        server.Accept(3);

        (int exitCode, string output, string errors) = await AgentProcess.Run(
            ["--once", "--netns", host.Path], new Dictionary<string, string> { ["TEXTFILE_DIRECTORY"] = scratch.Path });

        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Contains("\ntcp_connections{port=\"8500\",protocol=\"ipv4\"} 3\n", output);
        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch.Path));
    }

    [Fact]
    public async Task Command_line_overrides_the_variable()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 9000);
        server.Accept(2);
        (int exitCode, string output, _) = await AgentProcess.Run(
            ["--once", "--netns", host.Path, "--port", "9000", "--port", "9001"], new Dictionary<string, string> { ["CONSUL_PORT"] = "8500" });
        Assert.Equal(0, exitCode);
        Assert.Contains("\ntcp_connections{port=\"9000\",protocol=\"ipv4\"} 2\n", output);
        Assert.Contains("\ntcp_connections{port=\"9001\",protocol=\"ipv4\"} 0\n", output);
        Assert.DoesNotContain("\"8500\"", output);
    }

    [Fact]
    public async Task Directory_on_the_command_line_gets_the_same_text()
    {
        using Scratch scratch = new();
        (int exitCode, string output, _) = await AgentProcess.Run(["--once", "--textfile-directory", scratch["new"]]);
        Assert.Equal(0, exitCode);
        Assert.Equal(output, await File.ReadAllTextAsync(scratch["new/tcp_connections.prom"], TestContext.Current.CancellationToken));
        Assert.Equal(["tcp_connections.prom"], new DirectoryInfo(scratch["new"]).EnumerateFileSystemInfos().Select(file => file.Name));
    }

    [Fact]
    public async Task Textfile_that_cannot_be_written_is_one_line_and_the_census_is_printed()
    {
        using Scratch scratch = new();
        await File.WriteAllTextAsync(scratch["file"], "", TestContext.Current.CancellationToken);
        (int exitCode, string output, string errors) = await AgentProcess.Run(["--once", "--textfile-directory", scratch["file"]]);
        Assert.Equal(64, exitCode);
        Assert.Contains("sockdiag_census_success 1\n", output);
        Assert.StartsWith($"agent: cannot write {scratch["file"]}/tcp_connections.prom: ", errors);
        Assert.Single(errors.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("check")]
    [InlineData("json")]
    [InlineData("table")]
    [InlineData("prom")]
    public async Task Nothing_is_printed_if_another_agent_owns_the_textfile(string format)
    {
        using Scratch scratch = new();
        using AgentProcess daemon = AgentProcess.Start(["--textfile-directory", scratch.Path]);
        await Poll.Until(() => File.Exists(scratch["tcp_connections.prom"]), "the agent publishes");
        Assert.Equal(
            (64, "", $"agent: another agent already writes {scratch["tcp_connections.prom"]}; stop it, or give this one another --textfile-directory\n"),
            await AgentProcess.Run(["--once", "--output", format, "--textfile-directory", scratch.Path]));
    }

    [Theory]
    [InlineData("check", "--warn", "80%")]
    [InlineData("check")]
    [InlineData("json", "--warn", "80%")]
    public async Task No_state_is_printed_if_the_textfile_cannot_be_written(string format, params string[] arguments)
    {
        using Scratch scratch = new();
        await File.WriteAllTextAsync(scratch["file"], "", TestContext.Current.CancellationToken);
        (int exitCode, string output, string errors) =
            await AgentProcess.Run(["--once", "--output", format, "--textfile-directory", scratch["file"], .. arguments]);
        Assert.Equal((64, ""), (exitCode, output));
        Assert.StartsWith($"agent: cannot write {scratch["file"]}/tcp_connections.prom: ", errors);
    }

    [Fact]
    public async Task Directory_of_another_user_is_written_with_a_warning()
    {
        Requires.Root();
        using Scratch scratch = new();
        Directory.CreateDirectory(scratch["theirs"]);
        Assert.Equal(0, (await Tool.Run("chown", ["1000", scratch["theirs"]])).ExitCode);
        (int exitCode, _, string errors) = await AgentProcess.Run(["--once", "--textfile-directory", scratch["theirs"]]);
        Assert.Equal(
            (0, $"agent: warning: other users can replace {scratch["theirs"]}/tcp_connections.prom: {scratch["theirs"]} belongs to user 1000; "
                + "give it to root or to the agent's own user, or choose another directory\n"),
            (exitCode, errors));
        Assert.True(File.Exists(scratch["theirs/tcp_connections.prom"]));

        using AgentProcess daemon = AgentProcess.Start(["--textfile-directory", scratch["theirs"]]);
        await Poll.Until(() => daemon.Errors.Contains($"other users can replace {scratch["theirs"]}/tcp_connections.prom: "), "the daemon logs the warning too");
    }

    [Fact]
    public async Task Full_standard_output_is_one_line_and_exit_code_3()
    {
        // The shell opens /dev/full as standard output.
        (int exitCode, _, string errors) = await AgentProcess.Run(
            ["--once"], through: [Requires.Program("sh", "dash"), "-c", "exec \"$0\" \"$@\" > /dev/full"]);
        Assert.Equal(3, exitCode);
        Assert.Equal("agent: cannot write to standard output: No space left on device\n", errors);
    }

    [Theory]
    [InlineData(3, "--help >/dev/full")]
    [InlineData(3, "--help >&-")]
    [InlineData(3, "health --help >/dev/full")]
    [InlineData(3, "--version >/dev/full")]
    [InlineData(3, "--version >&-")]
    [InlineData(64, "--port 0 2>/dev/full")]
    [InlineData(64, "--port 0 2>&-")]
    [InlineData(3, "--once >&-")]
    [InlineData(3, "--once --netns nope 2>/dev/full")]
    public async Task Closed_or_full_streams_are_never_a_stack_trace(int expected, string command)
    {
        (int exitCode, _, string errors) = await AgentProcess.Run([], through: ["sh", "-c", $"exec \"$0\" \"$@\" {command}"]);
        Assert.Equal(expected, exitCode);
        Assert.DoesNotContain("   at ", errors);
        Assert.InRange(errors.Count(character => character == '\n'), 0, 1);
    }

    [Theory]
    [InlineData("no-such-name", "no such network namespace here")]
    [InlineData("/etc/passwd", "it is not a network namespace")]
    public async Task Unusable_namespace_is_exit_code_3_without_connection_metrics(string where, string reason)
    {
        Requires.Root();
        (int exitCode, string output, string errors) = await AgentProcess.Run(["--once", "--netns", where]);
        Assert.Equal(3, exitCode);
        Assert.Contains(reason, errors);
        Assert.Single(errors.TrimEnd().Split('\n'));
        Assert.Contains("sockdiag_census_success 0\n", output);
        Assert.DoesNotContain("\ntcp_", output);
    }

    [Theory]
    [InlineData("-sys_admin,-sys_ptrace", "opening", "CAP_SYS_PTRACE")]
    [InlineData("-sys_admin", "entering", "CAP_SYS_ADMIN")]
    public async Task Missing_capability_is_named(string without, string step, string capability)
    {
        using TestNamespace host = new();
        string setpriv = Requires.Program("setpriv", "util-linux");
        (int exitCode, _, string errors) = await AgentProcess.Run(
            ["--once", "--netns", host.Path], through: [setpriv, "--bounding-set", without]);
        Assert.Equal(3, exitCode);
        Assert.StartsWith($"agent: {step} network namespace '{host.Path}' failed: ", errors);
        Assert.Contains(capability, errors);
    }
}
