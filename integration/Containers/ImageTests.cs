using Docker.DotNet.Models;
using DotNet.Testcontainers.Containers;
using Integration.Docker;
using Testing;

namespace Integration.Containers;

/// <summary>The image that the Dockerfile builds.</summary>
[Collection(nameof(OneAfterAnother))]
public sealed class ImageTests
{
    [Fact]
    public async Task Labels_hold_the_version_and_revision_of_the_program()
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
    public async Task Image_has_no_shell_and_has_the_agent_in_PATH()
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
    public async Task Agent_writes_its_textfile_to_an_anonymous_volume_if_the_root_is_read_only()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        Images images = await Images.RequireAsync(engine);
        IContainer agent = engine.Container(images.Agent).WithoutNetwork().WithHostConfig(host => host.ReadonlyRootfs = true).Build();
        await agent.StartAsync(engine.Token);

        await WaitForHealth(engine, agent, "healthy");
    }

    [Fact]
    public async Task Agent_that_cannot_count_is_unhealthy()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        TestHost host = await TestHost.StartAsync(engine);
        // The image's own health check would need 3 failures, 10 s apart.
        IContainer agent = host.Agent("--netns", "no-such-namespace")
            .WithCreateParameterModifier(create => create.Healthcheck = new HealthcheckConfig { Interval = TimeSpan.FromSeconds(1), Retries = 1 })
            .Build();
        await agent.StartAsync(engine.Token);

        await WaitForHealth(engine, agent, "unhealthy");
    }

    [Fact]
    public async Task Stopped_agent_ends_within_a_second_and_removes_its_textfile()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        TestHost host = await TestHost.StartAsync(engine);
        IContainer agent = host.Agent().WithCreateParameterModifier(create => create.StopTimeout = TimeSpan.FromSeconds(1)).Build();
        const int Killed = 128 + NativeMethods.SIGKILL;
        long exitCode = Killed;
        // The engine kills a container that takes longer, which shows in the exit code. On a busy machine the engine itself may need that
        // second.
        for (int attempt = 0; attempt < 10 && exitCode == Killed; attempt++)
        {
            await agent.StartAsync(engine.Token);
            await host.WaitUntilTextfileIsRenewed();
            await agent.StopAsync(engine.Token);
            exitCode = await agent.GetExitCodeAsync(engine.Token);
        }

        Assert.Equal(0, exitCode);
        Assert.DoesNotContain(".prom\n", await host.ListTextfiles(), StringComparison.Ordinal);
    }

    private static Task WaitForHealth(ContainerEngine engine, IContainer container, string health) =>
        engine.Until(container, async () => (await engine.InspectAsync(container)).State!.Health!.Status == health, health);
}
