using System.Globalization;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Containers;
using Integration.Docker;

namespace Integration.Containers;

/// <summary>The rights in docs/containers.md suffice; without one of them the agent names the missing right in one line.</summary>
[Collection(nameof(OneAfterAnother))]
public sealed class RightsTests
{
    [Fact]
    public async Task No_capability_a_read_only_root_and_an_ordinary_user_suffice_in_the_own_namespace()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        TestHost host = await TestHost.StartAsync(engine);
        IContainer opener = host.Opener().Build();
        await opener.StartAsync(engine.Token);
        IContainer agent = host.Agent().Build();
        await agent.StartAsync(engine.Token);

        await host.TextfileHas("""tcp_connections{port="8500",protocol="ipv4"} 200""");

        ContainerInspectResponse container = await engine.InspectAsync(agent);
        Assert.Equal("1654:1654", container.Config!.User);
        Assert.True(container.HostConfig!.ReadonlyRootfs);
        Assert.Equal(["ALL"], container.HostConfig!.CapDrop);
        Assert.Empty(container.HostConfig!.CapAdd ?? []);
        (_, string errors) = await agent.GetLogsAsync(timestampsEnabled: false, ct: engine.Token);
        Assert.DoesNotContain(errors.Split('\n'), line => line.Contains(" fail: ", StringComparison.Ordinal) || line.Contains(" warn: ", StringComparison.Ordinal));
    }

    // A service that runs as root with the engine's usual capabilities, and one that runs as another user.
    [Theory]
    [InlineData("0")]
    [InlineData("1000")]
    public async Task Root_with_two_capabilities_enters_another_containers_namespace_by_PID(string serviceUser)
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
    public async Task Missing_right_is_told_in_a_line_and_nothing_is_counted(string advice, string user, string pidMode, params string[] capabilities)
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

    /// <summary>One census by an agent in a network namespace of its own, with no right but those given.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="host">It has the agent's image.</param>
    /// <param name="watched">The container in whose namespace it is to count.</param>
    /// <param name="user">The image's own where it is empty.</param>
    /// <param name="pidMode">A PID namespace of its own where it is empty.</param>
    /// <param name="capabilities">All that it has.</param>
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
