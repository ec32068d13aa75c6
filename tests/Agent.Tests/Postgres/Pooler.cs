using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Testing;

namespace Agent.Tests.Postgres;

/// <summary>A PgBouncer of Debian's package in transaction mode, with the databases <c>one</c> and <c>two</c> on two servers.</summary>
internal sealed class Pooler : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("agent-test-pooler-");
    private readonly Process _process;

    private Pooler(PostgresServer one, PostgresServer two)
    {
        string users = Path.Combine(_directory.FullName, "users"), settings = Path.Combine(_directory.FullName, "pgbouncer.ini");
        File.WriteAllText(users, $"\"agent\" \"{RunningDatabases.Password}\"\n");
        File.WriteAllText(settings, string.Create(CultureInfo.InvariantCulture, $"""
            [databases]
            one = host=127.0.0.1 port={one.Port} dbname=postgres
            two = host=127.0.0.1 port={two.Port} dbname=postgres
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {Port}
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = {users}
            pool_mode = transaction
            server_connect_timeout = 2
            query_wait_timeout = 2

            """));
        File.SetUnixFileMode(_directory.FullName, (UnixFileMode)0b111_101_101);
        string program = Requires.Program("pgbouncer", "pgbouncer");
        // PgBouncer refuses to run as root.
        string[] command = Environment.IsPrivilegedProcess
            ? [Requires.Program("setpriv", "util-linux"), "--reuid=postgres", "--regid=postgres", "--init-groups", program, "--quiet", settings]
            : [program, "--quiet", settings];
        _process = new Process { StartInfo = new ProcessStartInfo(command[0], command[1..]) };
        Starting.Start(_process);
    }

    internal int Port { get; } = FreePort.Next();

    internal static async Task<Pooler> StartAsync(PostgresServer one, PostgresServer two)
    {
        Pooler pooler = new(one, two);
        await Poll.Until(pooler.Listens, "PgBouncer listens");
        return pooler;
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }

    private bool Listens()
    {
        Assert.False(_process.HasExited, "PgBouncer has ended");
        using TcpClient client = new();
        try
        {
            client.Connect("127.0.0.1", Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
