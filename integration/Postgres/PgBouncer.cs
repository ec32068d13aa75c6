using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Testing;

namespace Integration.Postgres;

/// <summary>Debian's PgBouncer in transaction mode, with one connection to the server for each role, started as an ordinary user.</summary>
internal sealed class PgBouncer : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("agent-test-pgbouncer-");
    private readonly BackgroundProgram _program;

    private PgBouncer(DiscGolfServer server)
    {
        File.SetUnixFileMode(_directory.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        string users = Path.Combine(_directory.FullName, "users"), settings = Path.Combine(_directory.FullName, "pgbouncer.ini");
        File.WriteAllText(users, $"\"agent\" \"{DiscGolfServer.AgentPassword}\"\n");
        File.WriteAllText(settings, $"""
            [databases]
            {server.Database} = host=127.0.0.1 port={server.Port.ToString(CultureInfo.InvariantCulture)} dbname={server.Database}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {Port.ToString(CultureInfo.InvariantCulture)}
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = {users}
            pool_mode = transaction
            default_pool_size = 1

            """);
        // PgBouncer refuses to run as root.
        string[] command = Environment.IsPrivilegedProcess
            ? [Requires.Program("setpriv", "util-linux"), "--reuid=postgres", "--regid=postgres", "--init-groups", Requires.Program("pgbouncer", "pgbouncer")]
            : [Requires.Program("pgbouncer", "pgbouncer")];
        _program = new BackgroundProgram(command[0], [.. command[1..], settings]);
    }

    internal int Port { get; } = FreePort.Next();

    internal static async Task<PgBouncer> StartAsync(DiscGolfServer server)
    {
        PgBouncer bouncer = new(server);
        await bouncer._program.Until(bouncer.Listens, "PgBouncer listens");
        return bouncer;
    }

    public void Dispose()
    {
        _program.Dispose();
        _directory.Delete(recursive: true);
    }

    private bool Listens()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
