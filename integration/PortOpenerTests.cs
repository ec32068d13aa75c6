using System.Text.RegularExpressions;
using Testing;

namespace Integration;

/// <summary>port-opener.py by itself. The other tests rely on the numbers that it reports.</summary>
public sealed partial class PortOpenerTests : IDisposable
{
    private readonly TestNamespace _namespace = new();

    public void Dispose() => _namespace.Dispose();

    [Fact]
    public async Task Default_is_200_ipv4_connections_to_port_8500()
    {
        using PortOpener opener = await PortOpener.Start(_namespace);

        Assert.Equal(["started server on 127.0.0.1:8500", "opened 200 client connections"], opener.Output);
        Assert.Empty(opener.Errors);
    }

    [Fact]
    public async Task Short_options_have_the_effect_of_the_long_ones()
    {
        using PortOpener opener = await PortOpener.Start(_namespace, "-p", "8600", "-n", "2", "--ipv", "6", "-v");

        Assert.Equal(
            [
                "started server on [::1]:8600",
                "opened connection 1: [::1]:# -> [::1]:8600",
                "opened connection 2: [::1]:# -> [::1]:8600",
                "opened 2 client connections",
            ],
            opener.Output.Select(line => SourcePort().Replace(line, ":# ->")));
    }

    [Fact]
    public async Task Half_closed_and_unaccepted_connections_are_reported_after_the_clients()
    {
        using PortOpener opener = await PortOpener.Start(
            _namespace, "--dual-stack", "-n", "1", "--half-closed", "5", "--unaccepted", "7");
        await opener.WaitForLine("left 7 connections unaccepted");

        Assert.Equal(
            [
                "started server on [::]:8500",
                "opened 1 client connections",
                "left 5 connections half-closed",
                "left 7 connections unaccepted",
            ],
            opener.Output);
    }

    [Fact]
    public async Task SIGTERM_ends_it_with_exit_code_0_and_no_message()
    {
        using PortOpener opener = await PortOpener.Start(_namespace);

        Assert.Equal(0, await opener.Stop());
        Assert.Empty(opener.Errors);
    }

    [Theory]
    [InlineData("--port", "port to listen and make connections on")]
    [InlineData("--num-connections", "number of connections to open")]
    [InlineData("--ipv {4,6}", "IP version (4 or 6) to use")]
    [InlineData("--verbose", "enable verbose logging")]
    [InlineData("--help", "show this help message and exit")]
    public async Task Help_describes_each_option(string option, string text)
    {
        (int exitCode, IReadOnlyList<string> output, IReadOnlyList<string> errors) = await PortOpener.Run(_namespace, ["-h"]);

        // argparse wraps the text at the width of the terminal.
        string help = string.Join(' ', string.Join(' ', output).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Matches($"{Regex.Escape(option)}[^.]* {Regex.Escape(text)}", help);
        Assert.Empty(errors);
        Assert.Equal(0, exitCode);
    }

    [Fact]
    public async Task Port_in_use_is_reported_in_one_line_with_exit_code_1()
    {
        using PortOpener first = await PortOpener.Start(_namespace, "-n", "0");

        (int exitCode, IReadOnlyList<string> output, IReadOnlyList<string> errors) = await PortOpener.Run(_namespace, []);

        Assert.Equal(["port-opener.py: cannot start server on 127.0.0.1:8500: Address already in use"], errors);
        Assert.Empty(output);
        Assert.Equal(1, exitCode);
    }

    [Fact]
    public async Task Too_few_descriptors_are_reported_with_the_limit_to_set()
    {
        // Root may exceed every limit unless this capability is dropped.
        string[] limited =
        [
            Requires.Program("setpriv", "util-linux"), "--bounding-set", "-sys_resource",
            "sh", "-c", "ulimit -n 64; exec \"$0\" \"$@\"",
        ];

        (int exitCode, IReadOnlyList<string> output, IReadOnlyList<string> errors) = await PortOpener.Run(_namespace, [], limited);

        string error = Assert.Single(errors);
        Assert.Matches(
            @"\Aport-opener\.py: opened [0-9]{1,2} of 200 connections: Too many open files \(raise the limit first: ulimit -n 464\)\z",
            error);
        Assert.Equal(["started server on 127.0.0.1:8500"], output);
        Assert.Equal(1, exitCode);
    }

    [GeneratedRegex(":[0-9]+ ->")]
    private static partial Regex SourcePort();
}
