using System.Globalization;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using Integration.Docker;
using Testing;

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

        // To see dead connections of another user's server, the agent would need CAP_DAC_READ_SEARCH too.
        Assert.Equal(serviceUser == "0" ? 0 : 1, census.Stderr.Count(character => character == '\n'));
        Assert.Equal(serviceUser == "0", !census.Stderr.Contains("cannot see all dead connections", StringComparison.Ordinal));
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

    [Fact]
    public async Task Root_with_two_capabilities_and_the_PID_namespace_of_the_host_sees_all_dead_connections()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        TestHost host = await TestHost.StartAsync(engine);
        await StartServerWithDeadConnections(host, engine);

        ExecResult census = await CountBeside(engine, host, user: "0", pidMode: "host", "SYS_PTRACE", "DAC_READ_SEARCH");

        Assert.Equal("", census.Stderr);
        Assert.Contains("""tcp_dead_connections{port="8500"} 20""", census.Stdout.Split('\n'));
        Assert.Contains("""tcp_client_connections{watch="consul",client="127.0.0.1"} 25""", census.Stdout.Split('\n'));
        Assert.Equal(0, census.ExitCode);
    }

    // An empty user is that of the image. The engine gives added capabilities only to root.
    [Theory]
    [InlineData("may not look into the process", "", "host", "SYS_PTRACE", "DAC_READ_SEARCH")]
    [InlineData("may not look into the process", "0", "host", "SYS_PTRACE")]
    [InlineData("may not look into the process", "0", "host", "DAC_READ_SEARCH")]
    [InlineData("a container needs 'pid: host'", "0", "", "SYS_PTRACE", "DAC_READ_SEARCH")]
    [InlineData("a container needs 'pid: host'", "", "")]
    public async Task Missing_right_to_see_dead_connections_is_reported_in_one_line_and_the_others_are_counted(
        string reason, string user, string pidMode, params string[] capabilities)
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        TestHost host = await TestHost.StartAsync(engine);
        await StartServerWithDeadConnections(host, engine);

        ExecResult census = await CountBeside(engine, host, user, pidMode, capabilities);

        string line = Assert.Single(census.Stderr.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(reason, line, StringComparison.Ordinal);
        Assert.DoesNotContain("\ntcp_dead_connections{", census.Stdout, StringComparison.Ordinal);
        Assert.Contains("""tcp_client_connections{watch="consul",client="127.0.0.1"} 5""", census.Stdout.Split('\n'));
        Assert.Equal(0, census.ExitCode);
    }

    /// <summary>Starts a server of an ordinary user on port 8500 of the host. It holds 25 connections, of which 20 are dead.</summary>
    private static async Task StartServerWithDeadConnections(TestHost host, ContainerEngine engine)
    {
        IContainer server = host.Join(host.Images.Neighbours)
            .WithBindMount(Repository.PathOf("integration/Containers/connections.py"), "/connections.py", AccessMode.ReadOnly)
            .WithUser("1000:1000")
            .WithCommand("python3", "/connections.py", "die", "8500", "25", "20")
            .UntilLogged("holding 25, 20 of them dead")
            .Build();
        await server.StartAsync(engine.Token);
    }

    /// <summary>Takes one census with an agent in the network namespace of the host.</summary>
    /// <inheritdoc cref="CountFromOutside"/>
    private static Task<ExecResult> CountBeside(ContainerEngine engine, TestHost host, string user, string pidMode, params string[] capabilities) =>
        Run(engine, host.Join(host.Images.Agent), user, pidMode, capabilities, "--once", "--output", "prom");

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
        return await Run(
            engine,
            engine.Container(host.Images.Agent).WithoutNetwork(),
            user,
            pidMode,
            capabilities,
            "--once",
            "--output",
            "prom",
            "--netns",
            processId.ToString(CultureInfo.InvariantCulture));
    }

    private static async Task<ExecResult> Run(
        ContainerEngine engine, ContainerBuilder container, string user, string pidMode, string[] capabilities, params string[] command)
    {
        IContainer agent = container
            .WithLeastRights()
            .WithUser(user)
            .WithHostConfig(host =>
            {
                host.PidMode = pidMode;
                host.CapAdd = capabilities;
            })
            .WithCommand(command)
            .Build();
        await agent.StartAsync(engine.Token);
        long exitCode = await agent.GetExitCodeAsync(engine.Token);
        (string output, string errors) = await agent.GetLogsAsync(timestampsEnabled: false, ct: engine.Token);
        return new ExecResult(output, errors, exitCode);
    }
}
