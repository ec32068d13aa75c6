using Testing;

namespace Agent.Tests.Program;

/// <summary>The program on a host without OpenSSL. Without a check, .NET would abort the process.</summary>
[StartsProgram]
public sealed class MissingOpenSslTests : IDisposable
{
    private const string Advice =
        "this needs OpenSSL, and its library libssl is not installed; install libssl3 (Debian, Ubuntu) or openssl-libs (Fedora, RHEL)";

    private readonly Scratch _scratch = new();
    private readonly string[] _through;

    public MissingOpenSslTests()
    {
        Requires.Root();
        // In the mount namespace of the program, the libraries are empty files.
        _through =
        [
            Requires.Program("unshare", "util-linux"), "--mount", "sh", "-c",
            """
            for library in $(/sbin/ldconfig -p | sed -n 's/.*libssl[^ ]*\.so.* => //p'); do
                mount --bind /dev/null "$(readlink -f "$library")" || exit 99
            done
            exec "$@"
            """,
            "sh",
        ];
    }

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("certificate", "--listen-certificate-file", "certificate", "--listen-key-file", "key")]
    [InlineData("certificate", "--listen-certificate-file", "certificate", "--listen-key-file", "key", "--listen-token-file", "token")]
    [InlineData("token", "--listen-token-file", "token")]
    public async Task Endpoint_that_needs_OpenSSL_is_rejected_at_the_start(string file, params string[] arguments)
    {
        string[] absolute = [.. arguments.Select(argument => argument.StartsWith('-') ? argument : _scratch[argument])];
        (int exitCode, string output, string errors) = await AgentProcess.Run(
            ["--listen", "127.0.0.1:1", "--textfile-directory", _scratch["out"], .. absolute], through: _through);
        Assert.Equal((64, "", $"agent: {_scratch[file]} cannot be used: {Advice}\n"), (exitCode, output, errors));
    }

    [Fact]
    public async Task Census_succeeds_if_Consul_requires_TLS()
    {
        await using FakeConsul consul = new();
        (int exitCode, string output, string errors) = await AgentProcess.Run(
            ["--once", "--output", "prom"], new Dictionary<string, string> { ["CONSUL_HTTP_ADDR"] = $"https://127.0.0.1:{consul.Port}" }, _through);
        Assert.Equal((0, $"agent: consul at https://127.0.0.1:{consul.Port} requires TLS: {Advice}\n"), (exitCode, errors));
        Assert.Contains("sockdiag_census_success 1\n", output);
    }

    [Fact]
    public async Task Daemon_continues_if_Consul_requires_TLS_or_a_reload_adds_a_certificate()
    {
        await using FakeConsul consul = new();
        string watches = $$"""
            "watches": [{ "name": "consul", "ports": [8500], "limitFrom": { "consul": "https://127.0.0.1:{{consul.Port}}" } }]
            """;
        await Write($$"""{ {{watches}} }""");
        await File.WriteAllTextAsync(_scratch["certificate"], "a", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_scratch["key"], "b", TestContext.Current.CancellationToken);
        using AgentProcess agent = AgentProcess.Start(
            ["--interval", "20ms", "--config", _scratch["agent.json"], "--textfile-directory", _scratch["out"]], through: _through);
        await Poll.Until(() => agent.Errors.Contains($"consul at https://127.0.0.1:{consul.Port} requires TLS: {Advice}"), "the error is logged");

        await Write($$"""
            { "endpoint": { "listen": ["127.0.0.1:1"], "certificateFile": "{{_scratch["certificate"]}}", "keyFile": "{{_scratch["key"]}}" }, {{watches}} }
            """);
        await Poll.Until(
            () => agent.Errors.Contains($"the configuration stays as it was: {_scratch["certificate"]} cannot be used: {Advice}"), "the reload is rejected");

        string file = _scratch["out/tcp_connections.prom"];
        DateTime last = File.GetLastWriteTimeUtc(file);
        await Poll.Until(() => File.GetLastWriteTimeUtc(file) > last, "the agent continues");
        agent.Signal(NativeMethods.SIGTERM);
        Assert.Equal(0, await agent.Exit());
    }

    [Theory]
    [InlineData("--once", "--output", "check")]
    [InlineData("--version")]
    [InlineData("check-config", "agent.json")]
    public async Task Other_commands_do_not_need_OpenSSL(params string[] arguments)
    {
        await Write($$"""
            {
              "endpoint": { "listen": ["127.0.0.1"], "certificateFile": "{{_scratch["certificate"]}}", "keyFile": "{{_scratch["key"]}}" },
              "watches": [{ "name": "consul", "ports": [8500], "limitFrom": { "consul": "https://127.0.0.1:1", "caFile": "{{_scratch["ca"]}}" } }]
            }
            """);
        (int exitCode, _, string errors) = await AgentProcess.Run(
            [.. arguments.Select(argument => argument == "agent.json" ? _scratch[argument] : argument)], through: _through);
        Assert.Equal((0, ""), (exitCode, errors));
    }

    private Task Write(string configuration) =>
        File.WriteAllTextAsync(_scratch["agent.json"], configuration, TestContext.Current.CancellationToken);
}
