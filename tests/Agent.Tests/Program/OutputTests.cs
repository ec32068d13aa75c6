using System.Net;
using System.Text.Json;
using Testing;

namespace Agent.Tests.Program;

/// <summary>The output formats and exit codes of the program, on a real kernel and on a terminal.</summary>
[StartsProgram]
public sealed class OutputTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(0, "--warn", "6", "--critical", "7")]
    [InlineData(1, "--warn", "5", "--critical", "6")]
    [InlineData(2, "--warn", "4", "--critical", "5")]
    [InlineData(1, "--limit", "6", "--warn", "80%")]
    [InlineData(2, "--limit", "5", "--critical", "100%")]
    public async Task Exit_code_follows_the_highest_client_and_the_thresholds(int expected, params string[] arguments)
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.Accept(5, from: IPAddress.Parse("127.0.0.7"));
        server.Accept(4, from: IPAddress.Parse("127.0.0.8"));

        foreach (string format in (string[])["prom", "json", "table", "check"])
        {
            (int exitCode, string output, string errors) = await AgentProcess.Run(
                ["--once", "--netns", host.Path, "--output", format, .. arguments]);
            Assert.Equal((expected, ""), (exitCode, errors));
            Assert.Contains("127.0.0.7", output);
        }
    }

    [Fact]
    public async Task Default_format_in_a_pipe_is_check_with_thresholds_and_prom_without()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.Accept(165, from: IPAddress.Parse("127.0.0.7"));
        server.Accept(2, from: IPAddress.Parse("127.0.0.8"));

        Assert.Equal(
            (
                1,
                "CONSUL WARNING - 127.0.0.7 holds 165 of 200 connections (82 %), 2 clients hold 167"
                    + "|consul_max=165;160;190;0;200 consul_clients=2;;;0\n",
                ""),
            await AgentProcess.Run(["--once", "--netns", host.Path, "--warn", "80%", "--critical", "95%"]));
        (int exitCode, string output, _) = await AgentProcess.Run(["--once", "--netns", host.Path]);
        Assert.Equal(0, exitCode);
        Assert.StartsWith("# HELP tcp_connections ", output);
    }

    [Theory]
    [InlineData(0, "OK - 9 of 12 connections held (75 %), 2 clients|web_max=5;;;0 web_clients=2;;;0 web_total=9;10;12;0;12", "12", "--limit", "none", "--warn", "80%", "--critical", "95%")]
    [InlineData(1, "WARNING - 9 of 12 connections held (75 %), 2 clients|web_max=5;;;0 web_clients=2;;;0 web_total=9;9;;0;12", "12", "--warn", "9")]
    [InlineData(2, "CRITICAL - 9 of 9 connections held (100 %), 2 clients|web_max=5;90;;0;50 web_clients=2;;;0 web_total=9;;;0;9", "9", "--limit", "50", "--warn", "90")]
    public async Task Exit_code_and_check_line_follow_the_total_limit(int expected, string line, string limit, params string[] arguments)
    {
        using TestNamespace host = new();
        using Connections server = new(host, 9000);
        server.Accept(5, from: IPAddress.Parse("127.0.0.7"));
        server.Accept(4, from: IPAddress.Parse("127.0.0.8"));

        (int exitCode, string output, _) = await AgentProcess.Run(
            ["--once", "--netns", host.Path, "--port", "9000", "--watch", "web", "--output", "check", "--total-limit", limit, .. arguments]);
        Assert.Equal((expected, $"WEB {line}\n"), (exitCode, output));
    }

    [Fact]
    public async Task Terminal_gets_a_colored_table_of_its_width_and_no_other_control_sequences()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.Accept(165, from: IPAddress.Parse("127.0.0.7"));

        (int exitCode, string output, _) = await OnTerminal(columns: 60, new() { ["TERM"] = "xterm" }, "--once", "--netns", host.Path);
        Assert.Equal(0, exitCode);
        Assert.Contains("\e[33m165\e[0m", output);
        string withoutColors = output.Replace("\e[33m", "").Replace("\e[0m", "");
        Assert.DoesNotContain('\e', withoutColors);
        Assert.Equal(60, withoutColors.Split('\n').Max(line => line.Length));
        Assert.Contains("82 %", output);

        (exitCode, output, _) = await OnTerminal(60, new() { ["TERM"] = "xterm" }, "--once", "--netns", host.Path, "--warn", "160");
        Assert.Equal(1, exitCode);
        Assert.Contains('█', output);
    }

    [Theory]
    [InlineData("xterm", "1")]
    [InlineData("dumb", "")]
    public async Task NO_COLOR_and_a_dumb_terminal_get_no_colors(string term, string noColor)
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.Accept(1);
        (int exitCode, string output, _) = await OnTerminal(
            columns: 80, new() { ["TERM"] = term, ["NO_COLOR"] = noColor }, "--once", "--netns", host.Path);
        Assert.Equal(0, exitCode);
        Assert.Contains('█', output);
        Assert.DoesNotContain('\e', output);
    }

    [Theory]
    [InlineData("LC_ALL", "C")]
    [InlineData("LC_ALL", "POSIX")]
    [InlineData("LC_CTYPE", "C")]
    [InlineData("LANG", "de_DE")]
    [InlineData("LANG", "")]
    public async Task Table_in_an_ASCII_locale_is_ASCII(string variable, string locale)
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.Accept(1);
        Dictionary<string, string> environment = new() { ["LC_ALL"] = "", ["LC_CTYPE"] = "", ["LANG"] = "" };
        environment[variable] = locale;
        (int exitCode, string output, _) = await AgentProcess.Run(["--once", "--netns", host.Path, "--output", "table"], environment);
        Assert.Equal(0, exitCode);
        Assert.Contains("#.....", output);
        Assert.True(System.Text.Ascii.IsValid(output), output);
    }

    [Fact]
    public async Task Table_in_a_pipe_has_80_columns_and_no_colors()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.Accept(1);
        (int exitCode, string output, _) = await AgentProcess.Run(
            ["--once", "--netns", host.Path, "--output", "table"], new Dictionary<string, string> { ["TERM"] = "xterm" });
        Assert.Equal(0, exitCode);
        Assert.DoesNotContain('\e', output);
        Assert.InRange(output.Split('\n').Max(line => line.Length), 70, 80);
    }

    [Fact]
    public async Task Failed_census_is_exit_code_3_and_reported_once_in_every_format()
    {
        Requires.Root();
        const string Reason = "opening network namespace 'no-such-name'";
        string[] arguments = ["--once", "--netns", "no-such-name", "--critical", "1", "--output"];

        (int exitCode, string output, string errors) = await AgentProcess.Run([.. arguments, "check"]);
        Assert.Equal((3, ""), (exitCode, errors));
        Assert.StartsWith($"UNKNOWN - {Reason}", output);
        Assert.Single(output.TrimEnd().Split('\n'));

        (exitCode, output, errors) = await AgentProcess.Run([.. arguments, "table"]);
        Assert.Equal((3, ""), (exitCode, errors));
        Assert.StartsWith($"could not measure: {Reason}", output);

        (exitCode, output, errors) = await AgentProcess.Run([.. arguments, "json"]);
        Assert.Equal(3, exitCode);
        Assert.StartsWith($"agent: {Reason}", errors);
        using JsonDocument report = JsonDocument.Parse(output);
        Assert.False(report.RootElement.GetProperty("success").GetBoolean());
        Assert.StartsWith(Reason, Assert.Single(report.RootElement.GetProperty("censuses").EnumerateArray()).GetProperty("error").GetString());
    }

    [Fact]
    public async Task Textfile_is_the_same_in_every_format()
    {
        using Scratch scratch = new();
        (int exitCode, string output, _) = await AgentProcess.Run(["--once", "--output", "check", "--textfile-directory", scratch.Path]);
        Assert.Equal(0, exitCode);
        Assert.StartsWith("CONSUL OK - ", output);
        Assert.StartsWith(
            "# HELP tcp_connections ", await File.ReadAllTextAsync(scratch["tcp_connections.prom"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Only_the_table_format_loads_Spectre_Console()
    {
        // A copy whose Spectre.Console is an empty file: a format that loads it fails.
        using Scratch scratch = new();
        foreach (FileInfo file in new DirectoryInfo(AppContext.BaseDirectory).EnumerateFiles())
        {
            // The host searches the other assemblies beside the real agent.dll.
            if (file.Name.StartsWith("agent.", StringComparison.Ordinal))
            {
                file.CopyTo(scratch[file.Name]);
            }
            else if (file.Extension == ".dll" && file.Name != "Spectre.Console.dll")
            {
                File.CreateSymbolicLink(scratch[file.Name], file.FullName);
            }
        }

        // Tmds.LibC has an assembly for each processor.
        Directory.CreateSymbolicLink(scratch["runtimes"], Path.Combine(AppContext.BaseDirectory, "runtimes"));
        await File.WriteAllTextAsync(scratch["Spectre.Console.dll"], "", TestContext.Current.CancellationToken);
        foreach (string format in (string[])["prom", "json", "check"])
        {
            (int exitCode, string output) = await Tool.Run("dotnet", [scratch["agent.dll"], "--once", "--output", format]);
            Assert.True(exitCode == 0, output);
        }

        Assert.NotEqual(0, (await Tool.Run("dotnet", [scratch["agent.dll"], "--once", "--output", "table"])).ExitCode);
    }

    /// <summary>Runs the program with standard output and standard error on a terminal.</summary>
    private static Task<(int ExitCode, string Output, string Errors)> OnTerminal(
        int columns, Dictionary<string, string> environment, params string[] arguments)
    {
        string script = Requires.Program("script", "bsdutils");
        return AgentProcess.Run(
            arguments,
            environment,
            through: ["/bin/sh", "-c", $"SHELL=/bin/sh exec {script} -qec \"stty cols {columns}; exec $*\" /dev/null < /dev/null", "sh"]);
    }
}
