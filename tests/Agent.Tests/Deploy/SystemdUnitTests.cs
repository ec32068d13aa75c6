using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Testing;

namespace Agent.Tests.Deploy;

/// <summary>The unit, its drop-ins, its user and its directory, checked with systemd's own tools.</summary>
[StartsProgram]
public sealed partial class SystemdUnitTests : IDisposable
{
    private const string Folder = "deploy/systemd";
    private const string Unit = "connection-agent.service";
    private const string Program = "/usr/local/bin/agent";
    private const string DeadConnections = "dead-connections.conf";

    private readonly Scratch _scratch = new();

    public static TheoryData<string> DropIns =>
        [.. Directory.EnumerateFiles(Repository.PathOf($"{Folder}/drop-ins")).Select(path => Path.GetFileName(path)).Order()];

    [Fact]
    public async Task Unit_passes_the_check_of_systemd() => Assert.Equal((0, ""), await Verify());

    [Theory]
    [MemberData(nameof(DropIns))]
    public async Task Unit_with_a_drop_in_passes_the_check_of_systemd(string name)
    {
        AddDropIn(name, Repository.Read($"{Folder}/drop-ins/{name}"));

        Assert.Equal((0, ""), await Verify());
    }

    [Fact]
    public async Task Invalid_drop_in_fails_the_check_of_systemd()
    {
        AddDropIn("wrong.conf", "[Service]\nProtectEverything=yes\n");

        Assert.Contains("ProtectEverything", (await Verify()).Output);
    }

    [Fact]
    public async Task Page_about_systemd_has_the_score() =>
        await AssertScore(Repository.PathOf($"{Folder}/{Unit}"), "`systemd-analyze security` gives it {0} (systemd 252;");

    [Fact]
    public async Task Page_about_systemd_has_the_score_with_the_drop_in_for_dead_connections()
    {
        AddDropIn(DeadConnections, Repository.Read($"{Folder}/drop-ins/{DeadConnections}"));
        await File.WriteAllTextAsync(_scratch[Unit], Repository.Read($"{Folder}/{Unit}"), TestContext.Current.CancellationToken);

        await AssertScore(_scratch[Unit], "`systemd-analyze security` gives the unit {0} with this drop-in");
    }

    [Fact]
    public async Task Drop_ins_add_up_their_capabilities()
    {
        foreach (string name in DropIns.Select(row => row.Data))
        {
            AddDropIn(name, Repository.Read($"{Folder}/drop-ins/{name}"));
        }

        await File.WriteAllTextAsync(_scratch[Unit], Repository.Read($"{Folder}/{Unit}"), TestContext.Current.CancellationToken);
        (int exitCode, string output) = await Tool.Run(Analyze(), ["security", "--offline=true", "--no-pager", _scratch[Unit]]);

        Assert.Equal(0, exitCode);
        string[] given = ["CapabilityBoundingSet=~CAP_SYS_ADMIN", "CapabilityBoundingSet=~CAP_SYS_PTRACE", "CapabilityBoundingSet=~CAP_(DAC_"];
        Assert.All(given, capability => Assert.Contains($"✗ {capability}", output, StringComparison.Ordinal));
        Assert.Contains("✓ CapabilityBoundingSet=~CAP_NET_ADMIN", output, StringComparison.Ordinal);
    }

    // The calls of the look: ProcessHandle, ProcessDirectory and CopiedSocket.
    [Theory]
    [InlineData("pidfd_open", true)]
    [InlineData("getxattr", true)]
    [InlineData("statx", true)]
    [InlineData("getsockopt", true)]
    [InlineData("getsockname", true)]
    [InlineData("pidfd_getfd", false)]
    public async Task Only_the_call_of_the_drop_in_is_missing_from_the_set_of_the_unit(string call, bool isInSet)
    {
        Assert.Equal(isInSet, await IsInSystemService(call));
        Assert.Equal(isInSet, !Repository.Read($"{Folder}/drop-ins/{DeadConnections}").Contains($"\nSystemCallFilter={call}\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task User_nobody_sees_all_dead_connections_with_the_capabilities_of_the_drop_in_and_not_without_them()
    {
        Requires.Root();
        string setpriv = Requires.Program("setpriv", "util-linux");
        string[] capabilities = CapabilitiesOf(DeadConnections, "AmbientCapabilities");
        Assert.Equal(capabilities, CapabilitiesOf(DeadConnections, "CapabilityBoundingSet"));
        using TestNamespace host = new();
        using PythonServer server = new(host);
        using Clients clients = new(host);
        server.Do("listen 8500 0.0.0.0");
        clients.Connect(25, 8500);
        server.Do("accept 25");
        clients.Reset(20);

        // Without CAP_DAC_READ_SEARCH the user nobody may not be able to read the program in this checkout.
        Assert.Equal((5, true), await Held(["CAP_DAC_READ_SEARCH"]));
        Assert.Equal((25, false), await Held(capabilities));

        async Task<(int Held, bool IsMinimum)> Held(string[] given)
        {
            string set = "-all" + string.Concat(given.Select(capability => $",+{capability["CAP_".Length..].ToLowerInvariant()}"));
            (int exitCode, string output, string errors) = await AgentProcess.Run(
                ["--once", "--output", "json"],
                through:
                [
                    InNamespace.Program, .. InNamespace.Arguments(
                        host, setpriv, "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps", set, "--ambient-caps", set, "--bounding-set",
                        set, "--no-new-privs"),
                ]);
            Assert.Equal((0, ""), (exitCode, errors));
            using JsonDocument census = JsonDocument.Parse(output);
            JsonElement watch = Assert.Single(census.RootElement.GetProperty("watches").EnumerateArray());
            return (watch.GetProperty("held").GetInt32(), watch.GetProperty("heldIsMinimum").GetBoolean());
        }
    }

    [Fact]
    public async Task Systemd_creates_the_user_and_its_directory()
    {
        // Only root can create users, even in a separate root directory. The directory needs an existing user.
        Requires.Root();
        Directory.CreateDirectory(_scratch["root/etc"]);
        await RunInRoot("systemd-sysusers", Repository.PathOf($"{Folder}/sysusers.d/connection-agent.conf"));
        await RunInRoot("systemd-tmpfiles", "--create", Repository.PathOf($"{Folder}/tmpfiles.d/connection-agent.conf"));

        Assert.Equal((UnixFileMode)0b111_101_101, File.GetUnixFileMode(_scratch["root/run/connection-agent"]));
    }

    public void Dispose() => _scratch.Dispose();

    private static async Task AssertScore(string unit, string sentence)
    {
        (int exitCode, string output) = await Tool.Run(Analyze(), ["security", "--offline=true", "--no-pager", unit]);

        Assert.Equal(0, exitCode);
        Match score = Score().Match(output);
        Assert.True(score.Success, output);
        if ((await Tool.Run(Analyze(), ["--version"])).Output.StartsWith("systemd 252 ", StringComparison.Ordinal))
        {
            Assert.Contains(sentence.Replace("{0}", score.Groups["score"].Value, StringComparison.Ordinal), Repository.Read("docs/systemd.md"));
        }

        // Other versions check more or less. All of them must rate the unit as "OK".
        Assert.InRange(double.Parse(score.Groups["score"].Value, CultureInfo.InvariantCulture), 0, 2);
    }

    private static string[] CapabilitiesOf(string dropIn, string setting) => Assert.Single(
        Repository.Read($"{Folder}/drop-ins/{dropIn}").Split('\n'), line => line.StartsWith($"{setting}=", StringComparison.Ordinal))[(setting.Length + 1)..].Split(' ');

    /// <summary>Whether the set of calls that the unit allows has a call, also in a set inside of it.</summary>
    private static async Task<bool> IsInSystemService(string call)
    {
        Queue<string> sets = new(["@system-service"]);
        while (sets.TryDequeue(out string? set))
        {
            (int exitCode, string output) = await Tool.Run(Analyze(), ["syscall-filter", "--no-pager", set]);
            Assert.True(exitCode == 0, output);
            foreach (string name in output.Split('\n').Skip(1).Select(line => line.Trim()))
            {
                if (name == call)
                {
                    return true;
                }

                if (name.StartsWith('@'))
                {
                    sets.Enqueue(name);
                }
            }
        }

        return false;
    }

    private static string Analyze() => Requires.Program("systemd-analyze", "systemd");

    private void AddDropIn(string name, string text)
    {
        string directory = _scratch[$"{Unit}.d"];
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, name), text);
    }

    private async Task RunInRoot(string tool, params string[] arguments)
    {
        (int exitCode, string output) = await Tool.Run(Requires.Program(tool, "systemd"), [$"--root={_scratch["root"]}", .. arguments]);
        Assert.True(exitCode == 0, output);
    }

    private async Task<(int ExitCode, string Output)> Verify()
    {
        // systemd checks that the program exists, and it is not installed where the tests run.
        string unit = Repository.Read($"{Folder}/{Unit}");
        Assert.Contains($"ExecStart={Program}\n", unit);
        string path = _scratch[Unit];
        await File.WriteAllTextAsync(
            path, unit.Replace($"ExecStart={Program}\n", "ExecStart=/bin/true\n", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        return await Tool.Run(Analyze(), ["verify", "--man=no", path]);
    }

    [GeneratedRegex(@"Overall exposure level for .*: (?<score>[0-9]\.[0-9]) ")]
    private static partial Regex Score();
}
