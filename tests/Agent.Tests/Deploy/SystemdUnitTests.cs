using System.Globalization;
using System.Text.RegularExpressions;
using Testing;

namespace Agent.Tests.Deploy;

/// <summary>The unit, its drop-ins, its user and its directory, checked with systemd's own tools.</summary>
public sealed partial class SystemdUnitTests : IDisposable
{
    private const string Folder = "deploy/systemd";
    private const string Unit = "connection-agent.service";
    private const string Program = "/usr/local/bin/agent";

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
    public async Task Page_about_systemd_has_the_score()
    {
        (int exitCode, string output) = await Tool.Run(
            Analyze(), ["security", "--offline=true", "--no-pager", Repository.PathOf($"{Folder}/{Unit}")]);

        Assert.Equal(0, exitCode);
        Match score = Score().Match(output);
        Assert.True(score.Success, output);
        if ((await Tool.Run(Analyze(), ["--version"])).Output.StartsWith("systemd 252 ", StringComparison.Ordinal))
        {
            Assert.Contains($"`systemd-analyze security` gives it {score.Groups["score"].Value} (systemd 252;", Repository.Read("docs/systemd.md"));
        }

        // Other versions check more or less. All of them must rate the unit as "OK".
        Assert.InRange(double.Parse(score.Groups["score"].Value, CultureInfo.InvariantCulture), 0, 2);
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
