using System.Text.Json;
using System.Text.RegularExpressions;
using Testing;

namespace Integration.Consul;

/// <summary>The agent as a script check that Consul runs, with the check definition in docs/output.md. It expects the program in PATH.</summary>
internal sealed partial class ScriptCheck : IDisposable
{
    private readonly Scratch _scratch = new();

    internal ScriptCheck()
    {
        // The agent's variables in the test's own environment are not for Consul.
        string command = string.Join(' ', AgentProcess.Command.Select(word => $"'{word}'"));
        File.WriteAllText(_scratch["agent"], $"#!/bin/sh\nexec {command} \"$@\"\n");
        File.SetUnixFileMode(_scratch["agent"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Starts a Consul that runs the check.</summary>
    /// <param name="limit">The limit of Consul; null for its default.</param>
    /// <param name="interval">The interval of the check; the definition says 10s.</param>
    /// <param name="options">More options of the agent.</param>
    /// <param name="variables">Variables of Consul's environment.</param>
    internal Task<HostWithConsul> StartConsulAsync(int? limit, string interval, IEnumerable<string> options, params IEnumerable<string> variables)
    {
        Match definition = Definition().Match(Repository.Read("docs/output.md"));
        Assert.True(definition.Success, "docs/output.md has no definition of a script check");
        string check = definition.Groups["members"].Value
            .Replace("\"10s\"", $"\"{interval}\"", StringComparison.Ordinal)
            .Replace("\"--once\"", string.Join(", ", options.Prepend("--once").Select(option => $"\"{option}\"")), StringComparison.Ordinal);
        return HostWithConsul.StartAsync(
            limit, $""" "enable_local_script_checks": true, {check} """, [$"PATH={_scratch.Path}:{Environment.GetEnvironmentVariable("PATH")}", .. variables]);
    }

    /// <summary>The state of the only check of Consul, and its last output.</summary>
    internal static (string State, string Output) Read(HostWithConsul host)
    {
        (int status, string body) = host.Clients.Call("GET /v1/agent/checks");
        Assert.Equal(200, status);
        using JsonDocument checks = JsonDocument.Parse(body);
        JsonElement check = Assert.Single(checks.RootElement.EnumerateObject()).Value;
        return (check.GetProperty("Status").GetString()!, check.GetProperty("Output").GetString()!);
    }

    /// <summary>Waits until the output contains a text. Then the state must be the expected one.</summary>
    internal static async Task StateAsync(HostWithConsul host, string state, string output)
    {
        (string State, string Output) last = default;
        await Poll.Until(
            () =>
            {
                last = Read(host);
                return last.Output.Contains(output, StringComparison.Ordinal);
            },
            output);
        Assert.Equal(state, last.State);
    }

    public void Dispose() => _scratch.Dispose();

    // The members of the one-line object in docs/output.md.
    [GeneratedRegex("""^\{ (?<members>"check": \{.*"args": \["agent",.*\}) \}$""", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Definition();
}
