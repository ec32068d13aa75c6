using System.Text.Json;
using Testing;

namespace Agent.Tests.Program;

/// <summary><c>agent --once --processes</c> with all capabilities of root, with fewer, and as the user nobody.</summary>
[StartsProgram]
public sealed class ProcessesTests
{
    private const string Nobody = "65534";

    [Fact]
    public async Task Root_sees_the_processes_of_a_client_in_the_table_and_in_JSON()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.AcceptOneEnded(3);
        using ClientProcess client = new(server, host);

        (int exitCode, string output, string errors) = await AgentProcess.Run(["--once", "--processes", "--netns", host.Path]);
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Matches($"(?m)^ +bash +{client.Id} .* 1$", output);
        Assert.Matches("(?m)^ +elsewhere +3$", output);
        Assert.DoesNotContain("not seen", output);

        JsonElement found = await RunForClient(through: [], "--netns", host.Path);
        JsonElement process = Assert.Single(found.GetProperty("processes").EnumerateArray());
        Assert.Equal((client.Id, "bash"), (process.GetProperty("pid").GetInt32(), process.GetProperty("command").GetString()));
        Assert.Equal((1, 0, 3), Ends(found));
    }

    [Theory]
    [InlineData("-sys_ptrace")]
    [InlineData("-all")]
    public async Task Root_without_the_capabilities_sees_no_process_and_gets_the_reason(string without)
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        using ClientProcess client = new(server, host);

        string[] through = In(host, "--bounding-set", without);
        (int exitCode, string output, string errors) = await AgentProcess.Run(["--once", "--processes"], through: through);
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Matches("(?m)^ +not seen +1$", output);
        Assert.Matches(
            @"not seen: the agent has no permission to read \d+ process(es)?; run it as root,\s+or\s+with\s+CAP_SYS_PTRACE\s+and\s+CAP_DAC_READ_SEARCH", output);
        Assert.Equal((0, 1, 0), Ends(await RunForClient(through)));
    }

    [Theory]
    [InlineData("+dac_read_search", 1)]
    [InlineData("+dac_read_search,+sys_ptrace", 2)]
    public async Task User_nobody_sees_its_own_processes_and_with_two_capabilities_all(string capabilities, int seen)
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        using ClientProcess ofRoot = new(server, host);
        using ClientProcess ofNobody = new(server, host, through: [.. AsNobody, "--"]);

        // Each case has at least CAP_DAC_READ_SEARCH, because otherwise the user nobody may not be able to read the program in this checkout.
        JsonElement found = await RunForClient(In(host, [.. AsNobody[1..], "--inh-caps", capabilities, "--ambient-caps", capabilities]));
        Assert.Equal((seen, 2 - seen, 0), Ends(found));
        Assert.Contains(ofNobody.Id, found.GetProperty("processes").EnumerateArray().Select(process => process.GetProperty("pid").GetInt32()));
    }

    private static string[] AsNobody => [SetPriv, "--reuid", Nobody, "--regid", Nobody, "--clear-groups"];

    private static string SetPriv => Requires.Program("setpriv", "util-linux");

    /// <summary>A command that starts the program in a namespace with other rights.</summary>
    private static string[] In(TestNamespace host, params string[] rights) =>
        [InNamespace.Program, .. InNamespace.Arguments(host, [SetPriv, .. rights])];

    /// <summary>The JSON object of the only client.</summary>
    private static async Task<JsonElement> RunForClient(string[] through, params string[] arguments)
    {
        (int exitCode, string output, string errors) = await AgentProcess.Run(
            ["--once", "--processes", "--output", "json", .. arguments], through: through);
        Assert.Equal((0, ""), (exitCode, errors));
        JsonElement processes = JsonElement.Parse(output).GetProperty("watches")[0].GetProperty("processes");
        Assert.Equal(JsonValueKind.Null, processes.GetProperty("error").ValueKind);
        return Assert.Single(processes.GetProperty("clients").EnumerateArray());
    }

    private static (int Seen, int Unseen, int Elsewhere) Ends(JsonElement client) => (
        client.GetProperty("processes").EnumerateArray().Sum(process => process.GetProperty("connections").GetInt32()),
        client.GetProperty("unseen").GetInt32(),
        client.GetProperty("elsewhere").GetInt32());
}
