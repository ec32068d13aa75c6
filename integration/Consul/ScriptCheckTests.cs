using System.Text.Json;
using System.Text.RegularExpressions;
using Testing;

namespace Integration.Consul;

/// <summary>The agent as a script check that Consul runs, with the check definition in docs/output.md.</summary>
[StartsProgram]
public sealed partial class ScriptCheckTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public ScriptCheckTests()
    {
        // The definition expects the program in PATH. The agent's variables in the test's own environment are not for Consul.
        string command = string.Join(' ', AgentProcess.Command.Select(word => $"'{word}'"));
        File.WriteAllText(_scratch["agent"], $"#!/bin/sh\nexec {command} \"$@\"\n");
        File.SetUnixFileMode(_scratch["agent"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task State_follows_the_client_that_holds_the_most()
    {
        using HostWithConsul host = await StartAsync(limit: null);

        await StateAsync(host, "passing", "CONSUL OK - no client holds a connection");
        host.Clients.KeepAlive(159);
        await StateAsync(host, "passing", "CONSUL OK - 127.0.0.1 holds 159 of 200 connections (79 %)");
        host.Clients.KeepAlive(1);
        await StateAsync(host, "warning", "CONSUL WARNING - 127.0.0.1 holds 160 of 200 connections (80 %)");
        host.Clients.KeepAlive(29);
        await StateAsync(host, "warning", "CONSUL WARNING - 127.0.0.1 holds 189 of 200 connections (94 %)");
        host.Clients.KeepAlive(1);
        await StateAsync(host, "critical", "CONSUL CRITICAL - 127.0.0.1 holds 190 of 200 connections (95 %)");
        host.Clients.KeepAlive(10);
        await StateAsync(host, "critical", "CONSUL CRITICAL - 127.0.0.1 holds 200 of 200 connections (100 %)");
    }

    [Fact]
    public async Task State_follows_the_limit_of_Consul()
    {
        using HostWithConsul host = await StartAsync(limit: 50, $"CONSUL_HTTP_ADDR=127.0.0.1:{ConsulServer.HttpPort}");

        host.Clients.KeepAlive(39);
        await StateAsync(host, "passing", "CONSUL OK - 127.0.0.1 holds 39 of 50 connections (78 %)");
        host.Clients.KeepAlive(1);
        await StateAsync(host, "warning", "CONSUL WARNING - 127.0.0.1 holds 40 of 50 connections (80 %)");
        host.Clients.KeepAlive(8);
        await StateAsync(host, "critical", "CONSUL CRITICAL - 127.0.0.1 holds 48 of 50 connections (96 %)");
        // A full Consul does not answer. The check is then UNKNOWN, exit code 3, which Consul treats as critical.
        host.Clients.KeepAlive(2);
        await StateAsync(host, "critical", "127.0.0.1 holds 50 connections");
    }

    private Task<HostWithConsul> StartAsync(int? limit, params IEnumerable<string> variables)
    {
        Match definition = Definition().Match(Repository.Read("docs/output.md"));
        Assert.True(definition.Success, "docs/output.md has no definition of a script check");
        return HostWithConsul.StartAsync(
            limit,
            $""" "enable_local_script_checks": true, {definition.Groups["members"].Value.Replace("\"10s\"", "\"200ms\"", StringComparison.Ordinal)} """,
            [$"PATH={_scratch.Path}:{Environment.GetEnvironmentVariable("PATH")}", .. variables]);
    }

    private static async Task StateAsync(HostWithConsul host, string state, string output)
    {
        (string?, string?) last = default;
        await Poll.Until(
            () =>
            {
                (int status, string body) = host.Clients.Call("GET /v1/agent/checks");
                Assert.Equal(200, status);
                using JsonDocument checks = JsonDocument.Parse(body);
                JsonElement check = Assert.Single(checks.RootElement.EnumerateObject()).Value;
                last = (check.GetProperty("Status").GetString(), check.GetProperty("Output").GetString());
                return last.Item2!.Contains(output, StringComparison.Ordinal);
            },
            output);
        Assert.Equal(state, last.Item1);
    }

    // The members of the one-line object in docs/output.md.
    [GeneratedRegex("""^\{ (?<members>"check": \{.*"args": \["agent",.*\}) \}$""", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Definition();
}
