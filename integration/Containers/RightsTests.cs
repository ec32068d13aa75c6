using System.Globalization;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Containers;
using Integration.Docker;

namespace Integration.Containers;

/// <summary>The rights in docs/containers.md are enough. If one is missing, the agent names it in one line.</summary>
[Collection(nameof(OneAfterAnother))]
public sealed class RightsTests
{
    [Fact]
    public async Task Own_network_namespace_needs_no_capability_no_writable_root_and_no_root_user()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        TestHost host = await TestHost.StartAsync(engine);
        IContainer opener = host.Opener().Build();
        await opener.StartAsync(engine.Token);
        IContainer agent = host.Agent().Build();
        await agent.StartAsync(engine.Token);

        await host.WaitForTextfile("""tcp_connections{port="8500",protocol="ipv4"} 200""");

        ContainerInspectResponse container = await engine.InspectAsync(agent);
        Assert.Equal("1654:1654", container.Config!.User);
        Assert.True(container.HostConfig!.ReadonlyRootfs);
        Assert.Equal(["ALL"], container.HostConfig!.CapDrop);
        Assert.Empty(container.HostConfig!.CapAdd ?? []);
        (_, string errors) = await agent.GetLogsAsync(timestampsEnabled: false, ct: engine.Token);
        Assert.DoesNotContain(errors.Split('\n'), line => line.Contains(" fail: ", StringComparison.Ordinal) || line.Contains(" warn: ", StringComparison.Ordinal));
    }

    // The watched service runs as root with the engine's default capabilities, or as another user.
    [Theory]
    [InlineData("0")]
    [InlineData("1000")]
    public async Task Root_with_two_capabilities_enters_the_network_namespace_of_another_container_by_PID(string serviceUser)
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        TestHost host = await TestHost.StartAsync(engine);
        IContainer opener = await StartOpener(engine, host, serviceUser);

        ExecResult census = await CountFromOutside(engine, host, opener, user: "0", pidMode: "host", "SYS_ADMIN", "SYS_PTRACE");

        Assert.Equal("", census.Stderr);
        Assert.Contains("""tcp_connections{port="8500",protocol="ipv4"} 200""", census.Stdout.Split('\n'));
        Assert.Equal(0, census.ExitCode);
    }

    [Theory]
    [InlineData("add the capability CAP_SYS_ADMIN", "0", "host", "SYS_PTRACE")]
    [InlineData("add the capability CAP_SYS_PTRACE", "0", "host", "SYS_ADMIN")]
    [InlineData("run as root", "", "host", "SYS_ADMIN", "SYS_PTRACE")]
    [InlineData("only with 'pid: host'", "0", "", "SYS_ADMIN", "SYS_PTRACE")]
    public async Task Missing_right_is_reported_in_one_line_and_nothing_is_counted(string advice, string user, string pidMode, params string[] capabilities)
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        TestHost host = await TestHost.StartAsync(engine);
        IContainer opener = await StartOpener(engine, host, user: "0");

        ExecResult census = await CountFromOutside(engine, host, opener, user, pidMode, capabilities);

        Assert.Equal(3, census.ExitCode);
        string line = Assert.Single(census.Stderr.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(advice, line, StringComparison.Ordinal);
        Assert.Contains("sockdiag_census_success 0", census.Stdout, StringComparison.Ordinal);
        Assert.DoesNotContain("\ntcp_", census.Stdout, StringComparison.Ordinal);
    }

    private static async Task<IContainer> StartOpener(ContainerEngine engine, TestHost host, string user)
    {
        IContainer opener = host.Opener().WithUser(user).Build();
        await opener.StartAsync(engine.Token);
        return opener;
    }

    /// <summary>Takes one census with an agent in its own network namespace, which has only the given rights.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="host">The host with the agent's image.</param>
    /// <param name="watched">The container whose network namespace the agent counts.</param>
    /// <param name="user">The user; empty for the user of the image.</param>
    /// <param name="pidMode">The PID mode; empty for its own PID namespace.</param>
    /// <param name="capabilities">The only capabilities of the container.</param>
    private static async Task<ExecResult> CountFromOutside(
        ContainerEngine engine, TestHost host, IContainer watched, string user, string pidMode, params string[] capabilities)
    {
        long processId = (await engine.InspectAsync(watched)).State!.Pid;
        IContainer agent = engine.Container(host.Images.Agent)
            .WithLeastRights()
            .WithoutNetwork()
            .WithUser(user)
            .WithHostConfig(container =>
            {
                container.PidMode = pidMode;
                container.CapAdd = capabilities;
            })
            .WithCommand("--once", "--output", "prom", "--netns", processId.ToString(CultureInfo.InvariantCulture))
            .Build();
        await agent.StartAsync(engine.Token);
        long exitCode = await agent.GetExitCodeAsync(engine.Token);
        (string output, string errors) = await agent.GetLogsAsync(timestampsEnabled: false, ct: engine.Token);
        return new ExecResult(output, errors, exitCode);
    }
}
