using Integration.Docker;

namespace Integration.Containers;

/// <summary>The rights that the README states suffice, and one less is told in a line.</summary>
[Collection(nameof(OneAfterAnother))]
public sealed class RightsTests
{
    private static readonly string[] LeastRights = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];

    [Fact]
    public async Task No_capability_a_read_only_root_and_an_ordinary_user_suffice_in_the_own_namespace()
    {
        await using TestHost host = await TestHost.StartAsync();
        await using Container opener = host.Opener().Build();
        await opener.StartAsync();
        await opener.UntilLogged("opened 200 client connections");
        await using Container agent = host.Agent().Build();
        await agent.StartAsync();

        await host.TextfileHas("""tcp_connections{port="8500",protocol="ipv4"} 200""");

        Assert.Equal("1654:1654", await agent.InspectAsync("{{.Config.User}}"));
        Assert.Equal("true [ALL] []", await agent.InspectAsync("{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.CapAdd}}"));
        (_, string errors) = await agent.GetLogsAsync();
        Assert.DoesNotContain(errors.Split('\n'), line => line.Contains(" fail: ", StringComparison.Ordinal) || line.Contains(" warn: ", StringComparison.Ordinal));
    }

    // A service that runs as root with the engine's usual capabilities, and one that runs as another user.
    [Theory]
    [InlineData("0")]
    [InlineData("1000")]
    public async Task Root_with_two_capabilities_enters_another_containers_namespace_by_PID(string serviceUser)
    {
        await using TestHost host = await TestHost.StartAsync();
        await using Container opener = await StartOpener(host, serviceUser);

        ExecResult census = await CountFromOutside(
            await opener.InspectAsync("{{.State.Pid}}"), "--user", "0", "--pid", "host", "--cap-add", "SYS_ADMIN", "--cap-add", "SYS_PTRACE");

        Assert.Equal("", census.Stderr);
        Assert.Contains("""tcp_connections{port="8500",protocol="ipv4"} 200""", census.Stdout.Split('\n'));
        Assert.Equal(0, census.ExitCode);
    }

    [Theory]
    [InlineData("add the capability CAP_SYS_ADMIN", "--user", "0", "--pid", "host", "--cap-add", "SYS_PTRACE")]
    [InlineData("add the capability CAP_SYS_PTRACE", "--user", "0", "--pid", "host", "--cap-add", "SYS_ADMIN")]
    [InlineData("run as root", "--pid", "host", "--cap-add", "SYS_ADMIN", "--cap-add", "SYS_PTRACE")]
    [InlineData("only with 'pid: host'", "--user", "0", "--cap-add", "SYS_ADMIN", "--cap-add", "SYS_PTRACE")]
    public async Task Missing_right_is_told_in_a_line_and_nothing_is_counted(string advice, params string[] options)
    {
        await using TestHost host = await TestHost.StartAsync();
        await using Container opener = await StartOpener(host, user: "0");

        ExecResult census = await CountFromOutside(await opener.InspectAsync("{{.State.Pid}}"), options);

        Assert.Equal(3, census.ExitCode);
        string line = Assert.Single(census.Stderr.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(advice, line, StringComparison.Ordinal);
        Assert.Contains("sockdiag_census_success 0", census.Stdout, StringComparison.Ordinal);
        Assert.DoesNotContain("tcp_connections", census.Stdout, StringComparison.Ordinal);
    }

    private static async Task<Container> StartOpener(TestHost host, string user)
    {
        Container opener = host.Opener().WithCreateOptions("--user", user).Build();
        await opener.StartAsync();
        await opener.UntilLogged("opened 200 client connections");
        return opener;
    }

    /// <summary>One census by an agent in a network namespace of its own, with no right but those given.</summary>
    private static async Task<ExecResult> CountFromOutside(string processId, params IEnumerable<string> options)
    {
        await using Container agent = new ContainerBuilder(Images.Agent)
            .WithCreateOptions([.. LeastRights, "--network", "none", .. options])
            .WithCommand("--once", "--output", "prom", "--netns", processId)
            .Build();
        await agent.StartAsync();
        int exitCode = await agent.GetExitCodeAsync();
        (string output, string errors) = await agent.GetLogsAsync();
        return new ExecResult(output, errors, exitCode);
    }
}
