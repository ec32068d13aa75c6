using System.Diagnostics;
using System.Globalization;

namespace Testing;

/// <summary>
/// A PostgreSQL of Debian's package on a free port of loopback, with data of its own, started as an ordinary user. Its superuser is postgres: without a
/// password through the unix socket, with <see cref="SuperuserPassword"/> over TCP.
/// </summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    internal const string SuperuserPassword = "superuser's password";

    private const string DebianPackage = "postgresql-15";

    private readonly DirectoryInfo _directory;
    private readonly string[] _settings;
    private readonly List<string> _log = [];
    private Process _postmaster;

    private PostgresServer(DirectoryInfo directory, int port, string[] settings)
    {
        (_directory, Port, _settings) = (directory, port, settings);
        _postmaster = Launch();
    }

    /// <summary>Its port, on 127.0.0.1 and ::1.</summary>
    internal int Port { get; }

    /// <summary>The directory of its unix socket.</summary>
    internal string SocketDirectory => _directory.FullName;

    /// <summary>The path of its unix socket.</summary>
    internal string SocketPath => Path.Combine(SocketDirectory, $".s.PGSQL.{Port}");

    /// <summary>The PID of the postmaster.</summary>
    internal int ProcessId => _postmaster.Id;

    /// <summary>What it has logged so far.</summary>
    internal string Log
    {
        get
        {
            lock (_log)
            {
                return string.Join('\n', _log);
            }
        }
    }

    private string DataDirectory => Path.Combine(_directory.FullName, "data");

    /// <summary>Creates the data, starts the server and waits until it takes connections.</summary>
    /// <param name="settings">Further settings, as in postgresql.conf: <c>max_connections=20</c>.</param>
    internal static async Task<PostgresServer> StartAsync(params string[] settings)
    {
        _ = Tools();
        DirectoryInfo directory = Directory.CreateTempSubdirectory("agent-test-postgres-");
        await Succeed("chmod", ["711", directory.FullName]);
        if (Environment.IsPrivilegedProcess)
        {
            await Succeed("chown", ["postgres", directory.FullName]);
        }

        string password = Path.Combine(directory.FullName, "password");
        await File.WriteAllTextAsync(password, SuperuserPassword);
        await Succeed(
            AsOrdinaryUser(),
            [
                .. AsOrdinaryUserArguments(), Path.Combine(Tools(), "initdb"), "--pgdata", Path.Combine(directory.FullName, "data"), "--username", "postgres",
                "--pwfile", password, "--auth-local", "trust", "--auth-host", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync",
            ]);
        PostgresServer server = new(directory, FreePort.Next(), settings);
        await server.WaitUntilReadyAsync();
        return server;
    }

    /// <summary>Runs statements as the superuser, through the unix socket.</summary>
    /// <returns>The rows, the columns separated by a bar.</returns>
    internal async Task<string> SqlAsync(string sql, string database = "postgres")
    {
        (int exitCode, string output) = await Tool.Run(
            Path.Combine(Tools(), "psql"),
            [
                "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--host", SocketDirectory,
                "--port", Port.ToString(CultureInfo.InvariantCulture), "--username", "postgres", "--dbname", database,
            ],
            sql);
        Assert.True(exitCode == 0, output);
        return output.TrimEnd();
    }

    /// <summary>Stops the server, as <c>pg_ctl stop -m fast</c> does.</summary>
    internal async Task StopAsync()
    {
        if (!_postmaster.HasExited)
        {
            await SignalAllAsync("CONT");
            // SIGINT is a fast shutdown: sessions are ended.
            await Tool.Run("kill", ["-INT", $"{ProcessId}"]);
            await _postmaster.WaitForExitAsync();
        }
    }

    /// <summary>Starts it again after <see cref="StopAsync"/>, and waits until it takes connections.</summary>
    internal async Task StartAgainAsync()
    {
        _postmaster.Dispose();
        _postmaster = Launch();
        await WaitUntilReadyAsync();
    }

    /// <summary>Sends a signal to the postmaster and all its children.</summary>
    internal async Task SignalAllAsync(string signal) =>
        await Tool.Run("kill", [$"-{signal}", $"{ProcessId}", .. ChildrenOf(ProcessId).Select(id => $"{id}")]);

    /// <summary>Sends a signal to the postmaster alone.</summary>
    internal async Task SignalPostmasterAsync(string signal) => await Tool.Run("kill", [$"-{signal}", $"{ProcessId}"]);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _postmaster.Dispose();
        _directory.Delete(recursive: true);
    }

    private Process Launch()
    {
        Process postmaster = new()
        {
            StartInfo = new ProcessStartInfo(
                AsOrdinaryUser(),
                [
                    .. AsOrdinaryUserArguments(), Path.Combine(Tools(), "postgres"), "-D", DataDirectory, "-p", $"{Port}", "-k", SocketDirectory,
                    "-c", "listen_addresses=127.0.0.1,::1", "-c", "fsync=off",
                    .. _settings.SelectMany(setting => (string[])["-c", setting]),
                ])
            {
                RedirectStandardError = true,
                WorkingDirectory = "/",
            },
        };
        postmaster.ErrorDataReceived += (_, line) =>
        {
            lock (_log)
            {
                _log.Add(line.Data ?? "");
            }
        };
        Starting.Start(postmaster);
        postmaster.BeginErrorReadLine();
        return postmaster;
    }

    private Task WaitUntilReadyAsync() => Poll.Until(
        async () =>
        {
            Assert.False(_postmaster.HasExited, Log);
            return (await Tool.Run(Path.Combine(Tools(), "pg_isready"), ["--quiet", "--host", SocketDirectory, "--port", $"{Port}"])).ExitCode == 0;
        },
        "PostgreSQL takes connections");

    private static IEnumerable<int> ChildrenOf(int parent) => Directory.EnumerateDirectories("/proc")
        .Select(directory => int.TryParse(Path.GetFileName(directory), out int id) ? id : 0)
        .Where(id => id > 0 && IsChildOf(parent, id));

    private static bool IsChildOf(int parent, int id)
    {
        try
        {
            // After the name in parentheses: the state and the parent's PID, see proc_pid_stat(5).
            string stat = File.ReadAllText($"/proc/{id}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1] == $"{parent}";
        }
        catch (IOException)
        {
            // It has just ended.
            return false;
        }
    }

    // PostgreSQL refuses to run as root.
    private static string AsOrdinaryUser() => Environment.IsPrivilegedProcess ? Requires.Program("setpriv", "util-linux") : "/usr/bin/env";

    private static string[] AsOrdinaryUserArguments() =>
        Environment.IsPrivilegedProcess ? ["--reuid=postgres", "--regid=postgres", "--init-groups"] : [];

    /// <summary>The directory of PostgreSQL's programs.</summary>
    private static string Tools()
    {
        string? directory = Directory.Exists("/usr/lib/postgresql")
            ? Directory.EnumerateDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin"))
                .FirstOrDefault(bin => File.Exists(Path.Combine(bin, "initdb")))
            : null;
        Requires.That(directory is not null, $"PostgreSQL is not installed: apt-get install {DebianPackage}");
        return directory!;
    }

    private static async Task Succeed(string program, IEnumerable<string> arguments)
    {
        (int exitCode, string output) = await Tool.Run(program, arguments);
        Assert.True(exitCode == 0, output);
    }
}
