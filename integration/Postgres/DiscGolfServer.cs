using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;
using Testing;

namespace Integration.Postgres;

/// <summary>
/// A PostgreSQL server with one database of disc golf courses and the role of the agent, made by deploy/postgres/disc-golf.sql, and the role app for
/// sessions of a test. Disposing ends all sessions and the server.
/// </summary>
internal sealed class DiscGolfServer : IAsyncDisposable
{
    internal const string AgentPassword = "agent's secret, of a test";
    internal const string AppPassword = "app's secret";
    internal const int MaxConnections = 20;

    private readonly PostgresServer _server;
    private readonly Scratch _scratch = new();
    private readonly List<NpgsqlConnection> _sessions = [];
    private readonly List<Socket> _clients = [];

    private DiscGolfServer(PostgresServer server, string database) => (_server, Database) = (server, database);

    /// <summary>The name of the database, on the server and in the agent's configuration.</summary>
    internal string Database { get; }

    internal int Port => _server.Port;

    internal PostgresServer Server => _server;

    /// <summary>The file with the password of the agent's role.</summary>
    internal string PasswordFile => _scratch["agent-password"];

    internal static async Task<DiscGolfServer> StartAsync(string database, params string[] settings)
    {
        PostgresServer server = await PostgresServer.StartAsync([$"max_connections={MaxConnections}", .. settings]);
        DiscGolfServer made = new(server, database);
        await made.SetPasswordFileAsync(AgentPassword);
        string script = Repository.Read("deploy/postgres/disc-golf.sql");
        Assert.Contains("/run/secrets/agent-password", script, StringComparison.Ordinal);
        await server.SqlAsync($"CREATE DATABASE {database}");
        await made.SqlAsync(script.Replace("/run/secrets/agent-password", made.PasswordFile, StringComparison.Ordinal));
        await made.SqlAsync($"CREATE ROLE app LOGIN PASSWORD '{AppPassword.Replace("'", "''", StringComparison.Ordinal)}'");
        return made;
    }

    /// <summary>Runs statements as the superuser in the database, through the unix socket.</summary>
    internal Task<string> SqlAsync(string sql) => _server.SqlAsync(sql, Database);

    /// <summary>Replaces the file with the password of the agent's role.</summary>
    internal async Task SetPasswordFileAsync(string password)
    {
        await File.WriteAllTextAsync(_scratch["new"], password + "\n", TestContext.Current.CancellationToken);
        File.Move(_scratch["new"], PasswordFile, overwrite: true);
    }

    /// <summary>Opens sessions of the role app.</summary>
    internal async Task OpenSessionsAsync(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _sessions.Add(await LogInAsync(Port, "app", AppPassword));
        }
    }

    internal async Task CloseSessionsAsync()
    {
        foreach (NpgsqlConnection session in _sessions)
        {
            await session.DisposeAsync();
        }

        _sessions.Clear();
    }

    /// <summary>Logs in over TCP, also through a pooler.</summary>
    internal async Task<NpgsqlConnection> LogInAsync(int port, string role, string password)
    {
        NpgsqlConnectionStringBuilder settings = new()
        {
            Host = "127.0.0.1",
            Port = port,
            Database = Database,
            Username = role,
            Password = password,
            Pooling = false,
            SslMode = SslMode.Disable,
            Timeout = 60,
        };
        NpgsqlConnection session = new(settings.ConnectionString);
        await session.OpenAsync(TestContext.Current.CancellationToken);
        return session;
    }

    /// <summary>Connects clients that send nothing.</summary>
    internal void ConnectSilent(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _clients.Add(Connect());
        }
    }

    /// <summary>
    /// Connects clients that start to log in and never answer the question for the password, until this many of them hold a slot. The server refuses
    /// those for which there is none at that moment.
    /// </summary>
    internal Task ConnectHalfAuthenticatedAsync(int count)
    {
        int held = 0;
        return Poll.Until(
            () =>
            {
                Socket client = Connect();
                byte[] parameters = Encoding.ASCII.GetBytes($"user\0app\0database\0{Database}\0\0");
                byte[] length = [0, 0, 0, (byte)(8 + parameters.Length)];
                byte[] protocol = [0, 3, 0, 0];
                client.Send([.. length, .. protocol, .. parameters]);
                client.ReceiveTimeout = 10_000;
                byte[] answer = new byte[1];
                // R is the question for the password, E an error.
                if (client.Receive(answer) == 1 && answer[0] == 'R')
                {
                    _clients.Add(client);
                    held++;
                }
                else
                {
                    client.Dispose();
                }

                return held == count;
            },
            $"{count} clients hold a slot");
    }

    /// <summary>Closes all clients that are no sessions.</summary>
    internal void CloseClients()
    {
        // A process that is being started would keep the sockets open.
        lock (Starting.Gate)
        {
            _clients.ForEach(client => client.Dispose());
        }

        _clients.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        CloseClients();
        await CloseSessionsAsync();
        await _server.DisposeAsync();
        _scratch.Dispose();
    }

    private Socket Connect()
    {
        Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(IPAddress.Loopback, Port);
        return client;
    }
}
