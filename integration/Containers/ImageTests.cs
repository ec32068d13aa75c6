using Integration.Docker;
using Testing;

namespace Integration.Containers;

/// <summary>The image that the Dockerfile makes.</summary>
[Collection(nameof(OneAfterAnother))]
public sealed class ImageTests
{
    [Fact]
    public async Task Labels_tell_the_version_and_revision_of_the_program()
    {
        await DockerCommand.RequireEngine();
        await using Container agent = new ContainerBuilder(Images.Agent).WithCommand("--version").WithCreateOptions("--network", "none").Build();
        await agent.StartAsync();
        Assert.Equal(0, await agent.GetExitCodeAsync());

        const string Prefix = "org.opencontainers.image";
        Assert.Equal(
            (await agent.GetLogsAsync()).Stdout.TrimEnd(),
            await agent.InspectAsync($$$"""{{index .Config.Labels "{{{Prefix}}}.version"}}+{{index .Config.Labels "{{{Prefix}}}.revision"}}"""));
    }

    [Fact]
    public async Task Image_has_no_shell_and_the_agent_is_in_its_path()
    {
        await using TestHost host = await TestHost.StartAsync();
        await using Container agent = host.Agent().Build();
        await agent.StartAsync();

        ExecResult shell = await agent.ExecAsync("/bin/sh", "-c", "true");
        Assert.Contains("no such file", shell.Stderr + shell.Stdout, StringComparison.Ordinal);
        ExecResult census = await agent.ExecAsync("agent", "--once", "--output", "prom");
        Assert.Equal("", census.Stderr);
        Assert.Equal(0, census.ExitCode);
    }

    [Fact]
    public async Task Container_without_a_volume_can_write_its_textfile_though_the_root_is_read_only()
    {
        await DockerCommand.RequireEngine();
        await using Container agent = new ContainerBuilder(Images.Agent).WithCreateOptions("--read-only", "--network", "none").Build();
        await agent.StartAsync();

        await agent.Until(async () => await HealthOf(agent) == "healthy", "healthy");
    }

    [Fact]
    public async Task Agent_that_cannot_count_is_unhealthy()
    {
        await using TestHost host = await TestHost.StartAsync();
        // Retries are Docker's own and take their time.
        await using Container agent = host.Agent("--netns", "no-such-namespace")
            .WithCreateOptions("--health-interval", "1s", "--health-retries", "1", "--health-start-period", "0s").Build();
        await agent.StartAsync();

        await agent.Until(async () => await HealthOf(agent) == "unhealthy", "unhealthy");
    }

    [Fact]
    public async Task Stop_ends_the_agent_within_a_second_and_takes_the_textfile_along()
    {
        await using TestHost host = await TestHost.StartAsync();
        await using Container agent = host.Agent().Build();
        const int Killed = 128 + NativeMethods.SIGKILL;
        int exitCode = Killed;
        // The engine kills what takes longer, and says so by the exit code. On a machine that is busy that second may be the engine's own.
        for (int attempt = 0; attempt < 10 && exitCode == Killed; attempt++)
        {
            await agent.StartAsync();
            await host.TextfileIsRenewed();
            exitCode = await agent.StopAsync(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(0, exitCode);
        Assert.DoesNotContain(".prom\n", await host.TextfilesLeft(), StringComparison.Ordinal);
    }

    private static Task<string> HealthOf(Container container) => container.InspectAsync("{{.State.Health.Status}}");
}
