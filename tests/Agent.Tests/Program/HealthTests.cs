using Testing;

namespace Agent.Tests.Program;

/// <summary><c>agent health</c>: one line with the reason, and exit code 0 or 1.</summary>
[StartsProgram]
public sealed class HealthTests : IDisposable
{
    private const string Good = "sockdiag_census_success 1\n";

    private readonly Scratch _scratch = new();

    private string File => _scratch["tcp_connections.prom"];

    [Fact]
    public async Task Running_agent_is_healthy_until_it_ends()
    {
        Dictionary<string, string> environment = new() { ["TEXTFILE_DIRECTORY"] = _scratch.Path, ["UPDATE_DELAY"] = "20ms" };
        using AgentProcess agent = AgentProcess.Start([], environment);
        await Poll.Until(() => System.IO.File.Exists(File), "the agent publishes");

        (int exitCode, string output, string errors) = await AgentProcess.Run(["health"], environment);
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Matches($@"\Ahealthy: {File} is .+ old, and its census succeeded\n\z", output);

        agent.Signal(15);
        Assert.Equal(0, await agent.Exit());
        Assert.Equal(
            (1, "", $"agent: unhealthy: there is no {File}; the agent is not running, has not counted yet, or has another --textfile-directory\n"),
            await AgentProcess.Run(["health"], environment));
    }

    [Fact]
    public async Task Agent_that_cannot_count_is_unhealthy()
    {
        using AgentProcess agent = AgentProcess.Start(["--textfile-directory", _scratch.Path, "--netns", _scratch["none"]]);
        await Poll.Until(() => System.IO.File.Exists(File), "the agent publishes");

        Assert.Equal((1, "", "agent: unhealthy: the last census failed; the agent's log says why\n"), await Health());
    }

    [Theory]
    [InlineData(60, "1s", 1)]
    [InlineData(60, "30s", 0)]
    [InlineData(-3600, "1s", 1)]
    public async Task Textfile_that_is_too_old_or_in_the_future_is_unhealthy(int ageSeconds, string interval, int exitCode)
    {
        Write(Good);
        System.IO.File.SetLastWriteTimeUtc(File, TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(-ageSeconds));

        Assert.Equal(exitCode, (await Health("--interval", interval)).ExitCode);
    }

    [Fact]
    public async Task Error_has_the_age_and_the_maximum_age()
    {
        Write(Good);
        System.IO.File.SetLastWriteTimeUtc(File, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-2));

        Assert.Matches(
            $@"\Aagent: unhealthy: {File} is 2h[0-9ms]* old, and the maximum for an interval of 1s is 10s; "
                + @"the agent was killed, hangs, cannot write, or has a longer --interval\n\z",
            (await Health()).Errors);
    }

    [Fact]
    public async Task Textfile_without_the_main_namespace_is_unhealthy()
    {
        Write("sockdiag_census_success{netns=\"other\"} 1\n");

        Assert.Equal(
            (1, "", $"agent: unhealthy: {File} has no sockdiag_census_success of the agent's main network namespace; "
                + "it is not the agent's file, or no watch is in that namespace\n"),
            await Health());
    }

    [Fact]
    public async Task Unreadable_textfile_is_reported()
    {
        Directory.CreateDirectory(File);

        (int exitCode, string output, string errors) = await Health();
        Assert.Equal((1, ""), (exitCode, output));
        Assert.StartsWith($"agent: unhealthy: cannot read {File}: ", errors);
    }

    [Theory]
    [InlineData("mkfifo", "a pipe")]
    [InlineData("mkdir", "a directory")]
    [InlineData("ln -s /dev/zero", "a socket or a device")]
    [InlineData("ln -s /dev/null", "a socket or a device")]
    [InlineData("python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])'", "a socket or a device")]
    [InlineData("sh -c 'mkfifo \"$0.pipe\" && ln -s \"$0.pipe\" \"$0\"'", "a pipe")]
    public async Task Textfile_that_is_not_a_regular_file_is_rejected_at_once(string make, string kind)
    {
        Assert.Equal(0, (await Tool.Run("sh", ["-c", $"{make} '{File}'"])).ExitCode);

        Assert.Equal(
            (1, "", $"agent: unhealthy: cannot read {File}: it is {kind} and not a regular file; if it is not the agent's file, remove it; the agent writes a new one\n"),
            await Health());
    }

    [Fact]
    public async Task Configuration_is_read_from_a_pipe()
    {
        Write(Good);

        Assert.Equal(0, (await AgentProcess.Run(
            [],
            through: ["sh", "-c", $"echo '{{ \"textfileDirectory\": \"{_scratch.Path}\" }}' | \"$0\" \"$@\" health --config /dev/stdin"])).ExitCode);
    }

    [Fact]
    public async Task Health_without_a_textfile_is_an_error() =>
        Assert.Equal(
            (1, "", "agent: unhealthy: the textfile is off (TEXTFILE_DIRECTORY), and this command checks it; "
                + "give the agent and this command a --textfile-directory\n"),
            await AgentProcess.Run(["health"], new Dictionary<string, string> { ["TEXTFILE_DIRECTORY"] = "none" }));

    [Fact]
    public async Task Health_ignores_other_invalid_variables()
    {
        Write(Good);

        (int exitCode, _, string errors) = await AgentProcess.Run(
            ["health", "--textfile-directory", _scratch.Path], new Dictionary<string, string> { ["CONSUL_PORT"] = "tcp://10.0.0.1:8500" });
        Assert.Equal((0, ""), (exitCode, errors));
    }

    [Fact]
    public async Task Health_reads_the_configuration_file()
    {
        Write(Good);
        string config = _scratch["agent.json"];
        await System.IO.File.WriteAllTextAsync(
            config, $$"""{ "textfileDirectory": "{{_scratch.Path}}" }""", TestContext.Current.CancellationToken);

        Assert.Equal(0, (await AgentProcess.Run(["health"], new Dictionary<string, string> { ["AGENT_CONFIG"] = config })).ExitCode);
        Assert.Equal(0, (await AgentProcess.Run(["health", "--config", config])).ExitCode);
    }

    [Fact]
    public async Task Health_accepts_its_options_before_the_command()
    {
        Write(Good);

        Assert.Equal(0, (await AgentProcess.Run(["--textfile-directory", _scratch.Path, "health"])).ExitCode);
    }

    [Theory]
    [InlineData("--once: not an option of 'health'; remove it", "--once", "health")]
    [InlineData("--port: not an option of 'health'; remove it", "--port", "80", "health")]
    [InlineData("Unrecognized command or argument '--port'; 'agent --help' shows the options", "health", "--port", "80")]
    [InlineData("Unrecognized command or argument 'now'; 'agent --help' shows the options", "health", "now")]
    [InlineData("--interval: '5' has no unit; write it like 500ms, 1s, 1m30s or 00:01:30", "health", "--interval", "5")]
    public async Task Invalid_usage_is_one_line_and_exit_code_64(string message, params string[] arguments) =>
        Assert.Equal((64, "", $"agent: {message}\n"), await AgentProcess.Run(arguments));

    public void Dispose() => _scratch.Dispose();

    private void Write(string text) => System.IO.File.WriteAllText(File, text);

    private Task<(int ExitCode, string Output, string Errors)> Health(params string[] arguments) =>
        AgentProcess.Run(["health", "--textfile-directory", _scratch.Path, .. arguments]);
}
