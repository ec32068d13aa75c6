using System.Net;
using System.Text.Json;
using Testing;

namespace Agent.Tests.Program;

/// <summary>Dead connections with all rights and with fewer: the agent counts what it can see, and claims nothing else.</summary>
[StartsProgram]
public sealed class DeadConnectionRightsTests : IDisposable
{
    private const int SIGHUP = 1;
    private const int SIGSTOP = 19;
    private const int SIGCONT = 18;
    private const string Nobody = "65534";
    private const string Python = "/usr/bin/python3";

    // pidfd_getfd has the number 438 on all processors. The filter: load the number of the system call; if it is this one, fail with EPERM; allow others.
    private const string WithoutCopying = """
        import ctypes, os, struct, sys
        rules = [(0x20, 0, 0, 0), (0x15, 0, 1, 438), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
        code = ctypes.create_string_buffer(b''.join(struct.pack('=HBBI', *rule) for rule in rules))
        program = ctypes.create_string_buffer(struct.pack('@HP', len(rules), ctypes.addressof(code)))
        PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
        assert ctypes.CDLL(None).prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program) == 0
        os.execvp(sys.argv[1], sys.argv[1:])
        """;

    // The user nobody may not be able to enter the directories above the program. In a mount namespace of its own the program is also elsewhere.
    private const string WithProgramElsewhere = """
        import ctypes, os, sys
        libc = ctypes.CDLL(None, use_errno=True)
        CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000
        directory, *command = sys.argv[1:]
        assert libc.unshare(CLONE_NEWNS) == 0
        assert libc.mount(None, b'/', None, MS_REC | MS_PRIVATE, None) == 0
        assert libc.mount(directory.encode(), b'/mnt', None, MS_BIND, None) == 0
        os.chdir('/')
        os.execvp(command[0], [word.replace(directory, '/mnt') for word in command])
        """;

    // Like systemd with a socket unit: root opens the socket, and a service of another user gets it.
    private const string WithListener = """
        import os, socket, sys
        listener = socket.create_server(('127.0.0.1', 8500))
        os.dup2(listener.fileno(), 9)
        os.execvp(sys.argv[1], sys.argv[1:])
        """;

    private static readonly IPAddress One = IPAddress.Parse("127.0.0.1");
    private static readonly IPAddress Two = IPAddress.Parse("127.0.0.2");

    private readonly TestNamespace _host = new();
    private readonly Scratch _scratch = new();
    private readonly Clients _clients;

    public DeadConnectionRightsTests() => _clients = new Clients(_host);

    public static TheoryData<string[], string[]> WithTooFewRights => new()
    {
        // Without any capability, against a server of another user.
        { ["--bounding-set", "-all"], AsNobody },
        // This one may list the numbers of the descriptors, but not what they refer to.
        { [.. AsNobody[1..], "--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"], [] },
    };

    /// <summary>The user nobody, without any capability.</summary>
    private static string[] AsPlainNobody =>
        [Python, "-c", WithProgramElsewhere, Path.GetDirectoryName(AgentProcess.Command[^1])!, .. AsNobody, "--"];

    private static string[] AsNobody => [SetPriv, "--reuid", Nobody, "--regid", Nobody, "--clear-groups"];

    private static string SetPriv => Requires.Program("setpriv", "util-linux");

    private string Metrics => File.Exists(_scratch["tcp_connections.prom"]) ? File.ReadAllText(_scratch["tcp_connections.prom"]) : "";

    public void Dispose()
    {
        _clients.Dispose();
        _scratch.Dispose();
        _host.Dispose();
    }

    [Theory]
    [MemberData(nameof(WithTooFewRights))]
    public async Task Without_the_rights_only_connections_in_the_table_are_counted_and_the_counts_are_a_minimum(string[] rights, string[] server)
    {
        using PythonServer running = Serve(dead: 20, alive: 5, server);

        await AssertMinimum([SetPriv, .. rights], "the agent may not look into the process that listens on port 8500");
    }

    [Fact]
    public async Task User_of_the_server_counts_exactly_also_where_root_opened_the_listening_socket()
    {
        const string Yama = "/proc/sys/kernel/yama/ptrace_scope";
        Assert.SkipUnless(!File.Exists(Yama) || File.ReadAllText(Yama).Trim() == "0", "this kernel does not let processes of one user look into each other");
        using PythonServer server = new(_host, [Python, "-c", WithListener, .. AsNobody, "--"]);
        server.Do("adopt 9");
        Accept(server, 25, One);
        _clients.Reset(20);

        JsonElement watch = await Count(AsPlainNobody);
        Assert.Equal(
            (25, 20, false), (watch.GetProperty("held").GetInt32(), watch.GetProperty("dead").GetInt32(), watch.GetProperty("heldIsMinimum").GetBoolean()));
    }

    [Fact]
    public async Task User_nobody_counts_the_connections_in_the_table()
    {
        using PythonServer server = Serve(dead: 20, alive: 5);

        await AssertMinimum(AsPlainNobody, "the agent may not look into the process that listens on port 8500");
    }

    [Fact]
    public async Task Agent_in_another_PID_namespace_sees_no_process_of_the_server()
    {
        using PythonServer server = Serve(dead: 20, alive: 5);

        await AssertMinimum(
            [Requires.Program("unshare", "util-linux"), "--pid", "--mount-proc", "--fork"], "no process in the agent's /proc listens on port 8500");
    }

    [Fact]
    public async Task User_nobody_with_both_capabilities_counts_exactly()
    {
        using PythonServer server = Serve(dead: 20, alive: 5);
        string[] through =
        [
            .. AsNobody, "--inh-caps", "+dac_read_search,+sys_ptrace", "--ambient-caps", "+dac_read_search,+sys_ptrace",
        ];

        JsonElement watch = await Count(through);
        Assert.Equal((25, 25, 20), (watch.GetProperty("held").GetInt32(), HeldBy(watch, "127.0.0.1"), watch.GetProperty("dead").GetInt32()));
        Assert.Equal((false, JsonValueKind.Null), (watch.GetProperty("heldIsMinimum").GetBoolean(), watch.GetProperty("deadError").ValueKind));
        (int exitCode, string output, string errors) = await Once(through, "--output", "prom");
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Contains("\ntcp_dead_connections{port=\"8500\"} 20\n", output);
        (exitCode, output, _) = await Once(through, "--limit", "25", "--warn", "80%", "--critical", "95%");
        Assert.Equal(2, exitCode);
        Assert.StartsWith("CONSUL CRITICAL - 127.0.0.1 holds 25 of 25 connections (100 %)", output);
    }

    /// <summary>A container engine refuses this system call unless the container has CAP_SYS_PTRACE.</summary>
    [Fact]
    public async Task Daemon_that_may_list_but_not_copy_descriptors_counts_those_that_it_saw_alive()
    {
        using PythonServer server = new(_host);
        server.Do("listen 8500 127.0.0.1");
        Accept(server, 10, One);
        WriteConfiguration("""{ "name": "consul", "ports": [8500] }""");
        using AgentProcess agent = AgentProcess.Start(["--config", _scratch["agent.json"]], through: [Python, "-c", WithoutCopying]);
        await Poll.Until(() => Metrics.Contains("tcp_client_connections{watch=\"consul\",client=\"127.0.0.1\"} 10\n"), $"they are counted; the log: {agent.Errors}");
        _clients.Reset();
        // The first look takes longest, and the next one waits ten times as long.
        await Poll.Until(() => Metrics.Contains("tcp_dead_connections{port=\"8500\"} 10\n"), $"they are found dead; the textfile: {Metrics}");
        await AssertOnlySeenAlive();

        // Twelve that no census sees.
        agent.Signal(SIGSTOP);
        Accept(server, 12, Two);
        _clients.Reset();
        agent.Signal(SIGCONT);
        await AssertOnlySeenAlive();

        WriteConfiguration("""{ "name": "consul", "ports": [8500] }, { "name": "other", "ports": [8501] }""");
        agent.Signal(SIGHUP);
        await Poll.Until(() => Metrics.Contains("tcp_clients{watch=\"other\"} 0\n"), $"the other watch is published; the log: {agent.Errors}");
        await AssertOnlySeenAlive();
        Assert.Contains("the agent may not copy the server's descriptors; give the agent the capability CAP_SYS_PTRACE", agent.Errors);

        server.Do("close 10");
        await Poll.Until(() => Metrics.Contains("tcp_clients{watch=\"consul\"} 0\n"), $"the server has closed them; the textfile: {Metrics}");
    }

    private static int HeldBy(JsonElement watch, string client) => watch.GetProperty("topClients").EnumerateArray()
        .Single(each => each.GetProperty("address").GetString() == client).GetProperty("held").GetInt32();

    /// <summary>Asserts that the agent reports the five connections in the table as a minimum, with the reason, and judges them.</summary>
    private async Task AssertMinimum(string[] through, string reason)
    {
        JsonElement watch = await Count(through);
        Assert.Equal((5, 5), (watch.GetProperty("held").GetInt32(), HeldBy(watch, "127.0.0.1")));
        Assert.Equal((0, "CONSUL OK - "), await Check("6"));
        Assert.Equal((1, "CONSUL WARNING - "), await Check("5"));
        (int exitCode, string output, _) = await Once(through, "--output", "prom");
        Assert.Equal(0, exitCode);
        Assert.Contains("\ntcp_client_connections{watch=\"consul\",client=\"127.0.0.1\"} 5\n", output);
        Assert.DoesNotContain("tcp_dead_connections{", output);
        Assert.Equal((true, JsonValueKind.Null), (watch.GetProperty("heldIsMinimum").GetBoolean(), watch.GetProperty("dead").ValueKind));
        Assert.Contains(reason, watch.GetProperty("deadError").GetString());

        async Task<(int ExitCode, string State)> Check(string threshold)
        {
            (int exitCode, string output, _) = await Once(through, "--warn", threshold, "--output", "check");
            int end = output.IndexOf(" - ", StringComparison.Ordinal) + 3;
            Assert.StartsWith("127.0.0.1 holds at least 5 ", output[end..]);
            return (exitCode, output[..end]);
        }
    }

    /// <summary>Asserts the counts of several further censuses.</summary>
    private async Task AssertOnlySeenAlive()
    {
        for (int census = 0; census < 5; census++)
        {
            string before = Metrics;
            await Poll.Until(() => Metrics is { Length: > 0 } now && now != before, "a further census is published");
            string[] lines = Metrics.Split('\n');
            Assert.Equal(
                ["tcp_client_connections{watch=\"consul\",client=\"127.0.0.1\"} 10"], lines.Where(line => line.StartsWith("tcp_client_connections{watch=\"consul\"", StringComparison.Ordinal)));
            Assert.Contains("tcp_dead_connections{port=\"8500\"} 10", lines);
        }
    }

    private PythonServer Serve(int dead, int alive, params string[] through)
    {
        PythonServer server = new(_host, through);
        server.Do("listen 8500 127.0.0.1");
        Accept(server, dead + alive, One);
        _clients.Reset(dead);
        return server;
    }

    private void Accept(PythonServer server, int count, IPAddress from)
    {
        _clients.Connect(count, 8500, to: One, from: from);
        server.Do($"accept {count}");
    }

    private void WriteConfiguration(string watches) => File.WriteAllText(
        _scratch["agent.json"],
        $$"""{ "interval": "50ms", "textfileDirectory": "{{_scratch.Path}}", "netns": "{{_host.Path}}", "watches": [ {{watches}} ] }""");

    private async Task<JsonElement> Count(string[] through)
    {
        (int exitCode, string output, _) = await Once(through, "--output", "json");
        Assert.Equal(0, exitCode);
        return JsonElement.Parse(output).GetProperty("watches")[0];
    }

    /// <summary>Runs a census in the namespace, through a command.</summary>
    private Task<(int ExitCode, string Output, string Errors)> Once(string[] through, params string[] options) =>
        AgentProcess.Run(["--once", .. options], through: [InNamespace.Program, .. InNamespace.Arguments(_host, through)]);
}
