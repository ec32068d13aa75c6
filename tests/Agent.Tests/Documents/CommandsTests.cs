using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Testing;

namespace Agent.Tests.Documents;

/// <summary>
/// The commands on the pages, run in a network namespace with the connections that the pages show: 165 from 192.0.2.7 and 40 from 127.0.0.1,
/// to port 8500.
/// </summary>
[StartsProgram]
public sealed class CommandsTests : IDisposable
{
    private const string Prompt = "$ ";

    /// <summary>The directory that the pages show, and that the commands do not write to.</summary>
    private const string TextfileDirectory = "/tmp/node-exporter";

    private readonly Scratch _scratch = new();
    private readonly List<Socket> _sockets = [];

    public CommandsTests()
    {
        // The commands name the program without a directory.
        Directory.CreateDirectory(_scratch["bin"]);
        string command = string.Join(' ', AgentProcess.Command.Select(word => $"'{word}'"));
        File.WriteAllText(_scratch["bin/agent"], $"#!/bin/sh\nexec {command} \"$@\"\n");
        File.SetUnixFileMode(_scratch["bin/agent"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public static TheoryData<string> Scripts => MarkdownPage.BlocksOf("sh", "");

    public static TheoryData<string> Daemons => MarkdownPage.BlocksOf("sh", "runs until stopped");

    public static TheoryData<string> Sessions => MarkdownPage.BlocksOf("console", "");

    public static TheoryData<string> SessionsWithOtherOutput => MarkdownPage.BlocksOf("console", "output not compared");

    public void Dispose()
    {
        _sockets.ForEach(socket => socket.Dispose());
        _scratch.Dispose();
    }

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task Script_succeeds(string block)
    {
        RequireTools(block);
        using TestNamespace @namespace = await NamespaceWithConnections();

        (int exitCode, string output) = await Tool.Run(InNamespace.Program, Command(@namespace, Repository.PathOf("."), MarkdownPage.Find(block).Text));

        Assert.True(exitCode == 0, output);
    }

    [Theory]
    [MemberData(nameof(Sessions))]
    public async Task Session_prints_what_the_page_shows(string block)
    {
        using TestNamespace @namespace = await NamespaceWithConnections();
        StringBuilder session = new();
        foreach (string command in CommandsOf(MarkdownPage.Find(block)))
        {
            session.Append(Prompt).Append(command).Append('\n').Append((await OnTerminal(@namespace, command)).Output);
        }

        Assert.Equal(WithoutTrailingBlanks(MarkdownPage.Find(block).Text), WithoutTrailingBlanks(session.ToString()));
    }

    [Theory]
    [MemberData(nameof(SessionsWithOtherOutput))]
    public async Task Session_with_other_output_succeeds(string block)
    {
        using TestNamespace @namespace = await NamespaceWithConnections();
        foreach (string command in CommandsOf(MarkdownPage.Find(block)))
        {
            (int exitCode, string output) = await OnTerminal(@namespace, command);
            Assert.True(exitCode == 0, output);
            Assert.NotEqual("", output);
        }
    }

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task Daemon_runs_until_it_is_stopped(string block)
    {
        using TestNamespace @namespace = new();
        using Process daemon = new()
        {
            StartInfo = new ProcessStartInfo(InNamespace.Program, Command(@namespace, Repository.PathOf("."), "exec " + MarkdownPage.Find(block).Text))
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        StringBuilder output = new();
        TaskCompletionSource firstLine = new(TaskCreationOptions.RunContinuationsAsynchronously);
        DataReceivedEventHandler append = (_, line) =>
        {
            if (line.Data is not null)
            {
                lock (output)
                {
                    output.AppendLine(line.Data);
                }

                firstLine.TrySetResult();
            }
        };
        daemon.OutputDataReceived += append;
        daemon.ErrorDataReceived += append;
        Starting.Start(daemon);
        try
        {
            daemon.BeginOutputReadLine();
            daemon.BeginErrorReadLine();
            await firstLine.Task.WaitAsync(Poll.Timeout, TestContext.Current.CancellationToken);
            Assert.False(daemon.HasExited, output.ToString());
            Assert.Equal(0, NativeMethods.kill(daemon.Id, 15));
            using CancellationTokenSource timeout = new(Poll.Timeout);
            await daemon.WaitForExitAsync(timeout.Token);
        }
        finally
        {
            daemon.Kill();
        }

        Assert.True(daemon.ExitCode == 0, output.ToString());
    }

    private static IEnumerable<string> CommandsOf(MarkdownPage.CodeBlock block)
    {
        Assert.StartsWith(Prompt, block.Text, StringComparison.Ordinal);
        return block.Text.Split('\n').Where(line => line.StartsWith(Prompt, StringComparison.Ordinal)).Select(line => line[Prompt.Length..]);
    }

    private static string WithoutTrailingBlanks(string text) => string.Join('\n', text.Split('\n').Select(line => line.TrimEnd()).Where(line => line != ""));

    private static void RequireTools(string block)
    {
        if (MarkdownPage.Find(block).Text.Contains("promtool", StringComparison.Ordinal))
        {
            Requires.Program("promtool", "prometheus");
        }
    }

    private async Task<TestNamespace> NamespaceWithConnections()
    {
        TestNamespace @namespace = new();
        (int exitCode, string output) = await Tool.Run(
            InNamespace.Program, InNamespace.Arguments(@namespace, Requires.Program("ip", "iproute2"), "address", "add", "192.0.2.7/32", "dev", "lo"));
        Assert.True(exitCode == 0, output);
        @namespace.Run(() =>
        {
            Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _sockets.Add(listener);
            listener.Bind(new IPEndPoint(IPAddress.Any, 8500));
            listener.Listen(4096);
            foreach (string client in Enumerable.Repeat("192.0.2.7", 165).Concat(Enumerable.Repeat("127.0.0.1", 40)))
            {
                Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                _sockets.Add(socket);
                socket.Connect(new IPEndPoint(IPAddress.Parse(client), 8500));
                _sockets.Add(listener.Accept());
            }
        });
        return @namespace;
    }

    /// <summary>Runs a command line on a terminal of 80 columns without colours, in the scratch directory.</summary>
    private async Task<(int ExitCode, string Output)> OnTerminal(TestNamespace @namespace, string command)
    {
        string script = Requires.Program("script", "bsdutils");
        await File.WriteAllTextAsync(_scratch["command"], command + "\n", TestContext.Current.CancellationToken);
        (int exitCode, string output) = await Tool.Run(
            InNamespace.Program, Command(@namespace, _scratch.Path, $"exec {script} -qec 'bash {_scratch["command"]}' /dev/null < /dev/null"));
        return (exitCode, output.Replace("\r\n", "\n", StringComparison.Ordinal).Replace(_scratch["textfiles"], TextfileDirectory, StringComparison.Ordinal));
    }

    /// <summary>The arguments that run a script in the namespace, without the variables of the test run.</summary>
    private IEnumerable<string> Command(TestNamespace @namespace, string directory, string script)
    {
        string[] kept = ["HOME", "DOTNET_ROOT", "NUGET_PACKAGES"];
        return InNamespace.Arguments(
            @namespace,
            [
                "env", "--ignore-environment", "--default-signal=HUP,INT,QUIT,TERM", $"--chdir={directory}",
                .. kept.Where(name => Environment.GetEnvironmentVariable(name) is not null).Select(name => $"{name}={Environment.GetEnvironmentVariable(name)}"),
                $"PATH={_scratch["bin"]}:{Environment.GetEnvironmentVariable("PATH")}", "LC_ALL=C.UTF-8", "TERM=dumb", "SHELL=/bin/sh",
                $"TEXTFILE_DIRECTORY={_scratch["textfiles"]}",
                // dotnet run leaves no server in the namespace.
                "MSBUILDDISABLENODEREUSE=1", "DOTNET_CLI_USE_MSBUILD_SERVER=0", "UseSharedCompilation=false", "DOTNET_NOLOGO=1", "DOTNET_CLI_TELEMETRY_OPTOUT=1",
                "bash", "-euo", "pipefail", "-c", script,
            ]);
    }
}
