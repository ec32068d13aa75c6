using Npgsql;

namespace Agent.Postgres;

/// <summary>A connection to a database. For one statement at a time.</summary>
internal sealed class Session : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlConnection _connection;

    private Session(NpgsqlDataSource source, NpgsqlConnection connection) => (_source, _connection) = (source, connection);

    /// <summary>Logs in.</summary>
    /// <param name="login">Where and how.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="stopping">Ends it earlier.</param>
    /// <exception cref="DatabaseException">The login failed.</exception>
    internal static async Task<Session> OpenAsync(DatabaseLogin login, TimeSpan timeout, CancellationToken stopping)
    {
        NpgsqlConnectionStringBuilder settings = new()
        {
            Host = login.Host,
            Port = login.Port,
            Database = login.Database,
            Username = login.User,
            Pooling = false,
            ApplicationName = "connection-agent",
        };
        NpgsqlSlimDataSourceBuilder builder = new(settings.ConnectionString);
        NpgsqlDataSource source = builder.Build();
        return new Session(source, await source.OpenConnectionAsync(stopping));
    }

    /// <summary>Runs one statement in a transaction that only reads, and reads its rows.</summary>
    /// <param name="sql">One statement.</param>
    /// <param name="timeout">How long the server may take.</param>
    /// <param name="read">Reads the rows. All values are text; NULL is DBNull.</param>
    /// <param name="stopping">Ends it earlier.</param>
    /// <exception cref="DatabaseException">The statement failed, or took too long.</exception>
    internal async Task<T> ReadAsync<T>(string sql, TimeSpan timeout, Func<NpgsqlDataReader, Task<T>> read, CancellationToken stopping)
    {
        await using NpgsqlCommand command = new(sql, _connection) { AllResultTypesAreUnknown = true };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(stopping);
        return await read(reader);
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _source.DisposeAsync();
    }
}
