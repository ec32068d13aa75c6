using Testing;

namespace Integration.Consul;

/// <summary>
/// The script <c>integration/Consul/fetch</c>, which downloads Consul for the tests. A fake apt-get stands in for the mirror.
/// </summary>
public sealed class FetchTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Consul_in_PATH_is_used_without_a_download()
    {
        Program("consul", "echo never started; exit 1");
        Program("apt-get", "echo never started; exit 1");

        Assert.Equal((0, $"{_scratch["bin/consul"]}\n"), await Fetch());
        Assert.False(Directory.Exists(_scratch["cache"]));
    }

    [Fact]
    public async Task Downloaded_Consul_is_cached()
    {
        await MakePackage("echo Consul v1.8.7");
        Program("apt-get", DownloadOr("exit 0"));

        (int exitCode, string first) = await Fetch();

        Assert.Equal((0, "consul"), (exitCode, Path.GetFileName(first.TrimEnd())));
        Assert.StartsWith(_scratch["cache/"], first, StringComparison.Ordinal);
        Program("apt-get", "echo never started; exit 1");
        Assert.Equal((0, first), await Fetch());
    }

    [Fact]
    public async Task Two_concurrent_downloads_give_the_same_Consul()
    {
        await MakePackage("echo Consul v1.8.7");
        Program("apt-get", DownloadOr("exit 0"));

        (int ExitCode, string Output)[] both = await Task.WhenAll(Fetch(), Fetch());

        Assert.All(both, each => Assert.True(each.ExitCode == 0, each.Output));
        Assert.Equal(both[0], both[1]);
        Assert.Single(Directory.EnumerateFileSystemEntries(_scratch["cache/connection-agent"]));
    }

    [Theory]
    [InlineData("exit 100", "exit 0", "cannot read the release bullseye at ")]
    [InlineData("exit 0", "exit 100", "cannot download the package consul of bullseye from ")]
    [InlineData("exit 0", "head -c 100 PACKAGE >consul_1_any.deb; exit 100", "cannot download the package consul of bullseye from ")]
    [InlineData("exit 0", "head -c 100 PACKAGE >consul_1_any.deb", "the package consul of bullseye from ")]
    [InlineData("exit 0", "exit 0", "the package consul of bullseye from ")]
    [InlineData("exit 0", "cp PACKAGE consul_1_any.deb", "the consul of bullseye does not run here")]
    public async Task Failed_download_leaves_the_cache_empty(string update, string download, string reason)
    {
        await MakePackage("exit 1");
        Program("apt-get", $"""
            case "$*" in
                *update) {update} ;;
                *" download consul") {download.Replace("PACKAGE", _scratch["consul.deb"], StringComparison.Ordinal)} ;;
            esac
            """);

        (int exitCode, string output) = await Fetch();

        Assert.Equal(1, exitCode);
        Assert.StartsWith($"integration/Consul/fetch: {reason}", output.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_scratch["cache/connection-agent"]));
    }

    private string DownloadOr(string otherwise) => $"""
        case "$*" in
            *" download consul") cp {_scratch["consul.deb"]} consul_1_any.deb ;;
            *) {otherwise} ;;
        esac
        """;

    // The script's PATH has only the programs that it needs: a consul that is installed on this machine is not among them.
    private async Task<(int ExitCode, string Output)> Fetch()
    {
        Requires.That(Directory.Exists("/etc/apt"), "this machine has no apt: the script is for Debian");
        Directory.CreateDirectory(_scratch["bin"]);
        foreach (string name in new[] { "awk", "bash", "dpkg-deb", "env", "find", "head", "mkdir", "mktemp", "mv", "rm", "tar", "timeout", "uname", "xz", "cp" })
        {
            string link = _scratch[$"bin/{name}"];
            if (!File.Exists(link))
            {
                File.CreateSymbolicLink(link, Requires.Program(name, name));
            }
        }

        return await Tool.Run("env", [
            "-i", $"PATH={_scratch["bin"]}", $"XDG_CACHE_HOME={_scratch["cache"]}", Requires.Program("bash", "bash"),
            Repository.PathOf("integration/Consul/fetch")]);
    }

    private void Program(string name, string script)
    {
        Directory.CreateDirectory(_scratch["bin"]);
        string path = _scratch[$"bin/{name}"];
        File.WriteAllText(path, $"#!{Requires.Program("bash", "bash")}\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private async Task MakePackage(string consul)
    {
        Directory.CreateDirectory(_scratch["package/DEBIAN"]);
        Directory.CreateDirectory(_scratch["package/usr/bin"]);
        await File.WriteAllTextAsync(
            _scratch["package/DEBIAN/control"],
            "Package: consul\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: a test's\n",
            TestContext.Current.CancellationToken);
        string program = _scratch["package/usr/bin/consul"];
        await File.WriteAllTextAsync(program, $"#!{Requires.Program("bash", "bash")}\n{consul}\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        (int exitCode, string output) = await Tool.Run(Requires.Program("dpkg-deb", "dpkg"), ["--build", "--root-owner-group", _scratch["package"], _scratch["consul.deb"]]);
        Assert.True(exitCode == 0, output);
    }
}
