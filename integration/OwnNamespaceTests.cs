using Testing;

namespace Integration;

[StartsProgram]
public sealed class OwnNamespaceTests
{
    private static readonly string[] WithoutVariables =
        ["env", "-u", "CONSUL_PORT", "-u", "UPDATE_DELAY", "-u", "TEXTFILE_DIRECTORY", "-u", "AGENT_NETNS"];

    [Theory]
    [InlineData(200, 0, "4")]
    [InlineData(0, 200, "6")]
    public async Task Agent_without_netns_counts_its_own_network_namespace(int ipv4, int ipv6, string ipVersion)
    {
        using TestNamespace @namespace = new();
        using PortOpener opener = await PortOpener.Start(@namespace, "--ipv", ipVersion);

        (int exitCode, string output) = await Tool.Run(
            InNamespace.Program, InNamespace.Arguments(@namespace, [.. WithoutVariables, .. AgentProcess.Command, "--once"]));

        Assert.Equal(0, exitCode);
        string[] census = output.Split('\n');
        Assert.Contains($$"""tcp_connections{port="8500",protocol="ipv4"} {{ipv4}}""", census);
        Assert.Contains($$"""tcp_connections{port="8500",protocol="ipv6"} {{ipv6}}""", census);
    }
}
