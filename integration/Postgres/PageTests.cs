using System.Globalization;
using System.Text.RegularExpressions;
using Testing;

namespace Integration.Postgres;

/// <summary>The commands of docs/postgres.md, from nothing to the first graph, on a server of the test. Only ports differ from those on the page.</summary>
[StartsProgram]
public sealed partial class PageTests
{
    private const string Section = "## From nothing to the first graph\n";

    [Fact]
    public async Task Commands_of_the_page_lead_to_the_first_graph()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        using Scratch scratch = new();
        string page = Repository.Read("docs/postgres.md");
        string section = page[page.IndexOf(Section, StringComparison.Ordinal)..];
        section = section[..section.IndexOf("\n## ", StringComparison.Ordinal)];
        string[] blocks = [.. Blocks().Matches(section).Select(block => Indent().Replace(block.Groups["commands"].Value, ""))];
        Assert.Equal(5, blocks.Length);
        string endpoint = Loopback.FreeAddress(), prometheus = Loopback.FreeAddress();
        Directory.CreateDirectory(scratch["bin"]);
        string command = string.Join(' ', AgentProcess.Command.Select(word => $"'{word}'"));
        await WriteProgram("agent", $"exec {command} \"$@\"");
        // The superuser of the test's server needs no other user of the system.
        await WriteProgram("sudo", "[ \"$1 $2\" = '-u postgres' ] && shift 2 && exec \"$@\"");
        string script = string.Join('\n', blocks)
            .Replace("5432", server.Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("127.0.0.1:18500", endpoint, StringComparison.Ordinal)
            .Replace("127.0.0.1:9090", prometheus, StringComparison.Ordinal)
            .Replace("scrape_interval: 15s", "scrape_interval: 1s", StringComparison.Ordinal);
        await File.WriteAllTextAsync(scratch["script"], $"set -euo pipefail\ntrap 'kill $(jobs -p)' EXIT\n{script}\necho done\nwait\n", TestContext.Current.CancellationToken);

        using BackgroundProgram shell = new(
            "env",
            [
                $"--chdir={scratch.Path}", $"PATH={scratch["bin"]}:{Environment.GetEnvironmentVariable("PATH")}", $"PGHOST={server.SocketDirectory}",
                $"PGPORT={server.Port}", "PGUSER=postgres", "bash", scratch["script"],
            ]);
        await shell.Until(() => shell.Output.Contains("done"), "all commands have succeeded");

        using PrometheusApi api = new(prometheus, shell.Until);
        await api.QueryUntil("sum(pg_connections) > 0", series => series.Length == 1);
        await api.QueryUntil("""pg_up{db="main"}""", "1");
        // Ends its background jobs, too.
        shell.Signal(NativeMethods.SIGTERM);
        await shell.Exit(TestContext.Current.CancellationToken);

        async Task WriteProgram(string name, string line)
        {
            await File.WriteAllTextAsync(scratch[$"bin/{name}"], $"#!/bin/sh\n{line}\n", TestContext.Current.CancellationToken);
            File.SetUnixFileMode(scratch[$"bin/{name}"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [GeneratedRegex(@"^ *```sh\n(?<commands>(.*\n)*?) *```$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Blocks();

    // The blocks belong to items of a list.
    [GeneratedRegex("^   ", RegexOptions.Multiline)]
    private static partial Regex Indent();
}
