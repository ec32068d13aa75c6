using Docker.DotNet.Models;
using DotNet.Testcontainers.Containers;
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
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        Images images = await Images.RequireAsync(engine);
        IContainer agent = engine.Container(images.Agent).WithCommand("--version").WithoutNetwork().Build();
        await agent.StartAsync(engine.Token);
        Assert.Equal(0, await agent.GetExitCodeAsync(engine.Token));

        const string Prefix = "org.opencontainers.image";
        IDictionary<string, string> labels = (await engine.InspectAsync(agent)).Config!.Labels!;
        (string output, _) = await agent.GetLogsAsync(timestampsEnabled: false, ct: engine.Token);
        Assert.Equal(output.TrimEnd(), $"{labels[$"{Prefix}.version"]}+{labels[$"{Prefix}.revision"]}");
    }

    [Fact]
    public async Task Image_has_no_shell_and_the_agent_is_in_its_path()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        TestHost host = await TestHost.StartAsync(engine);
        IContainer agent = host.Agent().Build();
        await agent.StartAsync(engine.Token);

        ExecResult shell = await agent.ExecAsync(["/bin/sh", "-c", "true"], engine.Token);
        Assert.Contains("no such file", shell.Stderr + shell.Stdout, StringComparison.Ordinal);
        ExecResult census = await agent.ExecAsync(["agent", "--once", "--output", "prom"], engine.Token);
        Assert.Equal("", census.Stderr);
        Assert.Equal(0, census.ExitCode);
    }

    [Fact]
    public async Task Container_without_a_volume_can_write_its_textfile_though_the_root_is_read_only()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        Images images = await Images.RequireAsync(engine);
        IContainer agent = engine.Container(images.Agent).WithoutNetwork().WithHostConfig(host => host.ReadonlyRootfs = true).Build();
        await agent.StartAsync(engine.Token);

        await HasHealth(engine, agent, "healthy");
    }

    [Fact]
    public async Task Agent_that_cannot_count_is_unhealthy()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        TestHost host = await TestHost.StartAsync(engine);
        // Retries are Docker's own and take their time.
        IContainer agent = host.Agent("--netns", "no-such-namespace")
            .WithCreateParameterModifier(create => create.Healthcheck = new HealthcheckConfig { Interval = TimeSpan.FromSeconds(1), Retries = 1 })
            .Build();
        await agent.StartAsync(engine.Token);

        await HasHealth(engine, agent, "unhealthy");
    }

    [Fact]
    public async Task Stop_ends_the_agent_within_a_second_and_takes_the_textfile_along()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        TestHost host = await TestHost.StartAsync(engine);
        IContainer agent = host.Agent().WithCreateParameterModifier(create => create.StopTimeout = TimeSpan.FromSeconds(1)).Build();
        const int Killed = 128 + NativeMethods.SIGKILL;
        long exitCode = Killed;
        // The engine kills what takes longer, and says so by the exit code. On a machine that is busy that second may be the engine's own.
        for (int attempt = 0; attempt < 10 && exitCode == Killed; attempt++)
        {
            await agent.StartAsync(engine.Token);
            await host.TextfileIsRenewed();
            await agent.StopAsync(engine.Token);
            exitCode = await agent.GetExitCodeAsync(engine.Token);
        }

        Assert.Equal(0, exitCode);
        Assert.DoesNotContain(".prom\n", await host.TextfilesLeft(), StringComparison.Ordinal);
    }

    private static Task HasHealth(ContainerEngine engine, IContainer container, string health) =>
        engine.Until(container, async () => (await engine.InspectAsync(container)).State!.Health!.Status == health, health);
}
