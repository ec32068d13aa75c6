using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Agent.Hosting;
using Agent.Postgres;
using Agent.Readings;
using Agent.Tests.Hosting;
using Agent.Watching;
using Testing;

namespace Agent.Tests.Postgres;

/// <summary>Sources of databases under a supervisor.</summary>
internal sealed class RunningDatabases : IAsyncDisposable
{
    /// <summary>The password of the role agent.</summary>
    internal const string Password = "pass word of agent";

    private readonly Dictionary<ServerAddress, DatabaseServer> _servers = [];
    private readonly RecordingLogger<DatabaseSource> _log = new();
    private readonly TimeProvider _time;
    private readonly Supervisor _supervisor;

    internal RunningDatabases(TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        Store = new Store(_time);
        _supervisor = new Supervisor(_time, new RecordingLogger<Supervisor>());
    }

    internal Store Store { get; }

    /// <summary>The lines that the sources have logged.</summary>
    internal IReadOnlyList<string> Log => _log.Lines;

    /// <summary>Creates the role agent, which may log in and see all statistics.</summary>
    internal static Task<string> CreateRole(PostgresServer server, string options = "", bool isMonitor = true) =>
        server.SqlAsync($"CREATE ROLE agent LOGIN PASSWORD '{Password}' {options};{(isMonitor ? "GRANT pg_monitor TO agent;" : "")}");

    /// <summary>A file with the password of the role agent.</summary>
    internal static string PasswordFile(string password = Password)
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("agent-test-secret-").FullName, "password");
        File.WriteAllText(file, password + "\n");
        return file;
    }

    /// <summary>A database whose rounds are short, with the role agent over TCP.</summary>
    internal static Database Database(PostgresServer server, string name = "db1", string? passwordFile = null) =>
        new(name, new DatabaseLogin("127.0.0.1", server.Port, "postgres", "agent") { PasswordFile = passwordFile ?? PasswordFile() })
        {
            Interval = TimeSpan.FromMilliseconds(500),
        };

    /// <summary>Starts the sources in place of the former ones, as a reload does.</summary>
    internal async Task Start(ImmutableArray<Database> databases, params WatchedNamespace[] namespaces)
    {
        ILookup<ServerAddress, Database> servers = databases.ToLookup(database => database.Login.Server);
        List<DatabaseSource> sources = [];
        foreach (Database database in databases)
        {
            ServerAddress address = database.Login.Server;
            if (!_servers.TryGetValue(address, out DatabaseServer? server))
            {
                _servers.Add(address, server = new DatabaseServer(address, _time));
            }

            server.Configure(servers[address].Select(other => other.Login));
            sources.Add(new DatabaseSource(
                Store, database, server, servers[address].First() == database, OneRound.WatchesOf(database, namespaces), _time, _log));
        }

        Store.Replace(sources);
        Assert.True(await _supervisor.ReplaceAsync(sources));
    }

    /// <summary>The latest reading of a database; null before the first one.</summary>
    internal DatabaseReading? Latest(string name = "db1") =>
        Store.View.All<DatabaseReading>().FirstOrDefault(reading => reading.Database.Name == name);

    /// <summary>Waits for a reading.</summary>
    internal async Task<DatabaseReading> Reading(Func<DatabaseReading, bool> condition, string what, string name = "db1")
    {
        DatabaseReading? found = null;
        await Poll.Until(() => Latest(name) is { } reading && condition(reading) && (found = reading) is not null, what);
        return found!;
    }

    /// <summary>Stops the sources.</summary>
    internal Task StopAsync() => _supervisor.StopAsync();

    /// <summary>Opens connections whose clients send a startup packet and then nothing more, not even the password.</summary>
    internal static async Task<List<TcpClient>> HalfAuthenticated(PostgresServer server, int count)
    {
        List<TcpClient> clients = [];
        for (int i = 0; i < count; i++)
        {
            TcpClient client = new();
            await client.ConnectAsync(IPAddress.Loopback, server.Port);
            byte[] parameters = Encoding.ASCII.GetBytes("user\0agent\0database\0postgres\0\0");
            byte[] packet = [0, 0, 0, (byte)(8 + parameters.Length), 0, 3, 0, 0, .. parameters];
            await client.GetStream().WriteAsync(packet);
            // The first byte of the request for the password: the connection has its slot.
            Assert.Equal('R', client.GetStream().ReadByte());
            clients.Add(client);
        }

        return clients;
    }

    public async ValueTask DisposeAsync()
    {
        await _supervisor.StopAsync();
        _supervisor.Dispose();
        foreach (DatabaseServer server in _servers.Values)
        {
            server.Configure([]);
        }
    }
}
