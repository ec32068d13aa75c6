using System.Diagnostics;
using System.Text;

namespace Testing;

/// <summary>The program, started like a user starts it. AGENT_PROGRAM is the path of another program than that of this build, for example the published one.</summary>
internal sealed class AgentProcess : IDisposable
{
    private static readonly string[] Variables =
    [
        "CONSUL_PORT", "UPDATE_DELAY", "TEXTFILE_DIRECTORY", "AGENT_NETNS", "AGENT_CONFIG", "NO_COLOR", "CONSUL_HTTP_ADDR",
        "CONSUL_HTTP_TOKEN", "AGENT_LISTEN", "AGENT_LISTEN_TOKEN_FILE", "AGENT_LISTEN_CERTIFICATE_FILE", "AGENT_LISTEN_KEY_FILE", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
        "DBS_CONFIG_FILE", "QUERIES_FILE",
    ];

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    private AgentProcess(Process process) => _process = process;

    /// <summary>The command that starts the program.</summary>
    internal static string[] Command { get; } = Environment.GetEnvironmentVariable("AGENT_PROGRAM") is { Length: > 0 } program
        ? [program]
        : ["dotnet", Path.Combine(AppContext.BaseDirectory, "agent.dll")];

    internal int Id => _process.Id;

    internal bool HasExited => _process.HasExited;

    internal string Output => Read(_output);

    internal string Errors => Read(_errors);

    /// <summary>Starts it in an environment without the variables of the agent.</summary>
    /// <param name="arguments">The program's arguments.</param>
    /// <param name="environment">Variables to set in addition.</param>
    /// <param name="through">A command that starts the program, for example setpriv with options; none by default.</param>
    internal static AgentProcess Start(
        IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, IReadOnlyList<string>? through = null)
    {
        ProcessStartInfo start = StartInfo(through ?? []);
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (string variable in Variables)
        {
            start.Environment.Remove(variable);
        }

        // Independent of the locale of the machine.
        start.Environment["LC_ALL"] = "C.UTF-8";
        foreach ((string variable, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[variable] = value;
        }

        AgentProcess agent = new(new Process { StartInfo = start });
        agent._process.OutputDataReceived += (_, line) => Append(agent._output, line.Data);
        agent._process.ErrorDataReceived += (_, line) => Append(agent._errors, line.Data);
        Starting.Start(agent._process);
        agent._process.BeginOutputReadLine();
        agent._process.BeginErrorReadLine();
        return agent;
    }

    /// <summary>Runs it to its end.</summary>
    internal static async Task<(int ExitCode, string Output, string Errors)> Run(
        IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, IReadOnlyList<string>? through = null)
    {
        using AgentProcess agent = Start(arguments, environment, through);
        return (await agent.Exit(), agent.Output, agent.Errors);
    }

    /// <summary>Waits for its end and for its whole output.</summary>
    internal async Task<int> Exit()
    {
        using CancellationTokenSource timeout = new(Poll.Timeout);
        await _process.WaitForExitAsync(timeout.Token);
        return _process.ExitCode;
    }

    internal void Signal(int signal) => Assert.Equal(0, NativeMethods.kill(_process.Id, signal));

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static ProcessStartInfo StartInfo(IReadOnlyList<string> through)
    {
        // Programs that a shell starts in the background ignore SIGINT and SIGQUIT, and those of nohup ignore SIGHUP. The agent would inherit this from the tests.
        string[] command = ["env", "--default-signal=HUP,INT,QUIT,TERM", .. through, .. Command];
        return new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
    }

    private static void Append(StringBuilder text, string? line)
    {
        if (line is not null)
        {
            lock (text)
            {
                text.AppendLine(line);
            }
        }
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }
}
