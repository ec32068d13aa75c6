using Testing;

namespace Agent.Tests.Program;

/// <summary>Invalid usage: one line on standard error that says what, where and what to do; exit code 64; nothing on standard output.</summary>
[StartsProgram]
public sealed class BadInputTests
{
    [Theory]
    [InlineData("--port: '0' is not a port; give a number from 1 to 65535", "--port", "0")]
    [InlineData("--port: '65536' is not a port; give a number from 1 to 65535", "--port", "65536")]
    [InlineData("--port: 'abc' is not a port; give a number from 1 to 65535", "--port", "abc")]
    [InlineData("--port: port 80 is given twice; name it once", "--port", "80", "--port", "80")]
    [InlineData("--interval: '0s' is not between 1ms and 24h", "--interval", "0s")]
    [InlineData("--interval: '-1s' is not between 1ms and 24h", "--interval", "-1s")]
    [InlineData("--interval: '5' has no unit; write it like 500ms, 1s, 1m30s or 00:01:30", "--interval", "5")]
    [InlineData("--interval: 'fast' is not a duration; write it like 500ms, 1s, 1m30s or 00:01:30", "--interval", "fast")]
    [InlineData("--netns: '0' is not a process id", "--netns", "0")]
    [InlineData("--output: 'yaml' is not an output format; give table, json, prom or check", "--once", "--output", "yaml")]
    [InlineData("--output: works only with --once; add --once, or remove --output", "--output", "prom")]
    [InlineData("--processes: works only with --once; add --once, or remove --processes", "--processes")]
    [InlineData("--processes: the format prom does not show processes; give --output table or json, or remove --processes", "--once", "--processes", "--output", "prom")]
    [InlineData("--processes: the format check does not show processes; give --output table or json, or remove --processes", "--once", "--processes", "--output", "check")]
    [InlineData("--warn: works only with --once; add --once, or remove --warn", "--warn", "80%")]
    [InlineData("--critical: works only with --once; add --once, or remove --critical", "--critical", "95%")]
    [InlineData("--warn: 80% is a percentage of the limit, and the watch consul has no limit; give it a limit, or give a number of connections",
        "--once", "--warn", "80%", "--limit", "none")]
    [InlineData("--listen: 'localhost' is not an IP address, with or without a port; host names are not resolved; "
        + "write it like 127.0.0.1:18500, 0.0.0.0, [::1]:18500 or [::]", "--listen", "localhost")]
    [InlineData("--listen: --once exits after one census and serves nothing; remove --listen or --once", "--once", "--listen", "127.0.0.1")]
    [InlineData("--listen-token-file: has no effect without an address to listen on; give --listen, AGENT_LISTEN or endpoint.listen too",
        "--listen-token-file", "/token")]
    [InlineData("Unrecognized command or argument '--nope'; 'agent --help' shows the options", "--nope")]
    [InlineData("Unrecognized command or argument '[suggest]'; 'agent --help' shows the options", "[suggest]")]
    [InlineData("Unrecognized command or argument '@file'; 'agent --help' shows the options", "@file")]
    [InlineData("Required argument missing for option: '--port'; 'agent --help' shows the options", "--port")]
    [InlineData("--port: 'a b' is not a port; give a number from 1 to 65535", "--port", "a\nb")]
    public async Task Invalid_arguments_are_one_line_and_exit_code_64(string message, params string[] arguments) =>
        Assert.Equal((64, "", $"agent: {message}\n"), await AgentProcess.Run(arguments));

    [Theory]
    [InlineData("CONSUL_PORT", "tcp://10.0.0.1:8500", "'tcp://10.0.0.1:8500' is set by Kubernetes for a service named consul; "
        + "put 'enableServiceLinks: false' into the pod's spec, or give --port")]
    [InlineData("UPDATE_DELAY", "5", "'5' has no unit; write it like 500ms, 1s, 1m30s or 00:01:30")]
    [InlineData("AGENT_NETNS", "..", "'..' is not a network namespace: give a PID, a path such as /proc/1/ns/net, or a name under /run/netns")]
    public async Task Invalid_variables_are_one_line_and_exit_code_64(string variable, string value, string message) =>
        Assert.Equal(
            (64, "", $"agent: {variable}: {message}\n"),
            await AgentProcess.Run(["--once"], new Dictionary<string, string> { [variable] = value }));

    [Theory]
    [InlineData("AGENT_LISTEN=127.0.0.1:1", "AGENT_LISTEN_TOKEN_FILE=/nowhere")]
    [InlineData("AGENT_LISTEN=nonsense")]
    [InlineData("AGENT_LISTEN_TOKEN_FILE=/nowhere")]
    [InlineData("AGENT_LISTEN_CERTIFICATE_FILE=/nowhere")]
    [InlineData("AGENT_LISTEN_KEY_FILE=/nowhere")]
    public async Task Once_ignores_invalid_variables_of_the_endpoint(params string[] assignments)
    {
        Dictionary<string, string> variables = assignments.Select(text => text.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        (int exitCode, _, string errors) = await AgentProcess.Run(["--once", "--output", "json"], variables);
        Assert.Equal((0, ""), (exitCode, errors));
    }

    [Theory]
    [InlineData("--textfile-directory: the value", "--once --textfile-directory $dir/$bad")]
    [InlineData("--textfile-directory: the value", "--once --textfile-directory=$dir/$bad")]
    [InlineData("--config: the value", "--once --config $dir/$bad.json")]
    [InlineData("--netns: the value", "--once --netns /run/netns/$bad")]
    [InlineData("--listen-token-file: the value", "--listen 127.0.0.1:1 --listen-token-file $dir/$bad")]
    [InlineData("--textfile-directory: the value", "health --textfile-directory $dir/$bad")]
    [InlineData("the argument: the value", "check-config $dir/$bad.json")]
    [InlineData("TEXTFILE_DIRECTORY: the value", "", "TEXTFILE_DIRECTORY=$dir/$bad")]
    [InlineData("TEXTFILE_DIRECTORY: the value", "health", "TEXTFILE_DIRECTORY=$dir/$bad")]
    [InlineData("AGENT_CONFIG: the value", "--once", "AGENT_CONFIG=$dir/$bad")]
    [InlineData("CONSUL_HTTP_TOKEN_FILE: the value", "--once", "CONSUL_HTTP_ADDR=127.0.0.1:1", "CONSUL_HTTP_TOKEN_FILE=$dir/$bad")]
    public async Task Path_that_is_not_UTF_8_is_rejected(string begin, string arguments, params string[] assignments)
    {
        // .NET strings are UTF-16 and cannot hold invalid UTF-8, so the shell creates these bytes.
        using Scratch scratch = new();
        string script = $"dir={scratch.Path}; bad=$(printf 'a\\377b\\303'); {string.Concat(assignments.Select(text => $"export {text}; "))}exec \"$0\" \"$@\" {arguments}";
        Assert.Equal(
            (64, "", $"agent: {begin} is not UTF-8; rename the file or directory, or give another one\n"),
            await AgentProcess.Run([], through: ["sh", "-c", script]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch.Path));
    }

    [Fact]
    public async Task Relative_path_in_a_working_directory_that_is_not_UTF_8_is_rejected()
    {
        using Scratch scratch = new();
        string script = $"cd '{scratch.Path}'; bad=$(printf 'a\\377b'); mkdir \"$bad\"; cd \"$bad\"; exec \"$0\" \"$@\" --once --textfile-directory out";
        Assert.Equal(
            (64, "", "agent: --textfile-directory: 'out' is relative to a working directory whose path is not UTF-8; give an absolute path\n"),
            await AgentProcess.Run([], through: ["sh", "-c", script]));
        Assert.Equal((0, "1\n"), await Tool.Run("sh", ["-c", $"ls '{scratch.Path}' | wc -l"]));
        Assert.Equal(0, (await Tool.Run("sh", ["-c", $"rmdir '{scratch.Path}'/*"])).ExitCode);
    }

    [Fact]
    public async Task Help_names_every_option_and_its_variable()
    {
        (int exitCode, string output, string errors) = await AgentProcess.Run(["--help"]);
        Assert.Equal((0, ""), (exitCode, errors));
        // Lines fit a page, and end with a line feed.
        Assert.All(output.Split('\n'), line => Assert.InRange(line.Length, 0, 100));
        Assert.All(
            (string[])["--once", "--output", "--processes", "--warn", "--critical", "--port", "--watch", "--limit", "--interval", "--textfile-directory", "--netns", "--version", "health",
                "--listen", "--listen-token-file", "--listen-certificate-file", "--listen-key-file",
                "AGENT_LISTEN", "AGENT_LISTEN_TOKEN_FILE", "AGENT_LISTEN_CERTIFICATE_FILE", "AGENT_LISTEN_KEY_FILE",
                "CONSUL_PORT", "UPDATE_DELAY", "TEXTFILE_DIRECTORY", "AGENT_NETNS"],
            text => Assert.Contains(text, output));
    }

    [Fact]
    public async Task Error_line_is_dropped_if_the_pipe_stays_full()
    {
        // A full, non-blocking pipe whose other end is open.
        const string Full = """
            import os, sys
            reads, writes = os.pipe()
            os.set_inheritable(reads, True)
            os.set_blocking(writes, False)
            try:
                while True:
                    os.write(writes, b"x" * 4096)
            except BlockingIOError:
                os.dup2(writes, 2)
            os.execvp(sys.argv[1], sys.argv[1:])
            """;
        (int exitCode, string output, _) = await AgentProcess.Run(
            ["--port", "0"], through: [Requires.Program("python3", "python3"), "-c", Full]);
        Assert.Equal((64, ""), (exitCode, output));
    }
}
