using System.Collections.Immutable;
using System.Data;
using System.Globalization;
using Npgsql;

namespace Agent.Postgres;

/// <summary>
/// A connection to a database. For one statement at a time. What does not end in time is let go of: the caller goes on at once, while the session
/// cancels the statement and closes the connection; <see cref="Ended"/> tells when that is done.
/// </summary>
/// <param name="login">Where and how.</param>
internal sealed class Session(DatabaseLogin login) : IAsyncDisposable
{
    /// <summary>How much later than the server's own timeout the agent stops to wait.</summary>
    internal static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private NpgsqlDataSource? _source;
    private NpgsqlConnection? _connection;
    private string? _rejection;
    private bool _isLetGo;

    /// <summary>Where and how it logged in.</summary>
    internal DatabaseLogin Login => login;

    /// <summary>Whether further statements may run.</summary>
    internal bool IsOpen => !_isLetGo && _connection is { State: ConnectionState.Open };

    /// <summary>Whether its role is a superuser, as the server reports it at the login.</summary>
    internal bool IsSuperuser => _connection is { } connection && connection.PostgresParameters.GetValueOrDefault("is_superuser") == "on";

    /// <summary>Ends when the agent has closed the connection, also one that it has let go of. Never fails.</summary>
    internal Task Ended => _ended.Task;

    /// <summary>Logs in.</summary>
    /// <param name="login">Where and how.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="stopping">Ends it earlier.</param>
    /// <exception cref="DatabaseException">The login failed.</exception>
    internal static async Task<Session> OpenAsync(DatabaseLogin login, TimeSpan timeout, CancellationToken stopping)
    {
        Session session = new(login);
        await session.OpenAsync(timeout, stopping);
        return session;
    }

    /// <summary>Logs in, once. After a failure the session has ended, or ends without further calls.</summary>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="stopping">Ends it earlier.</param>
    /// <exception cref="DatabaseException">The login failed.</exception>
    internal async Task OpenAsync(TimeSpan timeout, CancellationToken stopping)
    {
        try
        {
            _source = ConnectionFactory.Create(login, timeout, reason => _rejection = reason);
            _connection = _source.CreateConnection();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }

        CancellationTokenSource cancel = new();
        await OrLetGoAsync(
            Task.Run(async () =>
            {
                await _connection.OpenAsync(cancel.Token);
                return true;
            }, CancellationToken.None),
            cancel,
            timeout,
            failure => ErrorClassification.OfLogin(failure, login, _rejection),
            $"{login.Server}: no answer to the login in time; check whether the server hangs or the network drops packets",
            stopping);
    }

    /// <summary>Runs one statement in a transaction that only reads, and reads its rows.</summary>
    /// <param name="sql">One statement.</param>
    /// <param name="timeout">How long the server may take.</param>
    /// <param name="read">
    /// Reads the rows. All values are text; NULL is DBNull. If it returns or throws before the last row, the statement is cancelled.
    /// </param>
    /// <param name="stopping">Ends it earlier.</param>
    /// <exception cref="DatabaseException">The statement failed, or took too long.</exception>
    internal Task<T> ReadAsync<T>(string sql, TimeSpan timeout, Func<NpgsqlDataReader, Task<T>> read, CancellationToken stopping) =>
        RunAsync(sql, timeout, CommandBehavior.Default, read, stopping);

    /// <summary>Prepares one statement without running it.</summary>
    /// <param name="sql">One statement.</param>
    /// <param name="timeout">How long the server may take.</param>
    /// <param name="stopping">Ends it earlier.</param>
    /// <returns>The columns of its result; none if it has no result.</returns>
    /// <exception cref="DatabaseException">The statement is wrong, or took too long.</exception>
    internal Task<ImmutableArray<Column>> DescribeAsync(string sql, TimeSpan timeout, CancellationToken stopping) => RunAsync(
        sql,
        timeout,
        CommandBehavior.SchemaOnly,
        reader => Task.FromResult<ImmutableArray<Column>>(
            [.. Enumerable.Range(0, reader.FieldCount).Select(i => new Column(reader.GetName(i), reader.GetDataTypeOID(i)))]),
        stopping);

    /// <summary>
    /// Keeps the server from ending the session because it is idle. Only where no pooler is in between: through a pooler, the setting would reach
    /// sessions of others.
    /// </summary>
    /// <returns>Whether there is a pooler in between.</returns>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="stopping">Ends it earlier.</param>
    /// <exception cref="DatabaseException">It failed, or took too long.</exception>
    internal Task<bool> DisableIdleTimeoutAsync(TimeSpan timeout, CancellationToken stopping)
    {
        // A pooler tells the client a process ID of its own. Before PostgreSQL 14 there is no such setting.
        string sql = string.Create(
            CultureInfo.InvariantCulture,
            $"""
            SELECT pg_catalog.pg_backend_pid()::pg_catalog.text, (SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings
                WHERE name = 'idle_session_timeout' AND pg_catalog.pg_backend_pid() = {_connection!.ProcessID})
            """);
        CancellationTokenSource cancel = new();
        return OrLetGoAsync(
            Task.Run(() => IsOtherBackendAsync(sql, cancel.Token), CancellationToken.None),
            cancel,
            timeout + Margin,
            ErrorClassification.OfStatement,
            LateAnswer(timeout),
            stopping);
    }

    private async Task<bool> IsOtherBackendAsync(string sql, CancellationToken cancelled)
    {
        await using NpgsqlCommand command = new(sql, _connection) { AllResultTypesAreUnknown = true };
        return await command.ExecuteScalarAsync(cancelled) is not string id || id != _connection!.ProcessID.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Closes the connection; one that is let go of closes by itself.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_isLetGo)
        {
            await CloseAsync();
        }
    }

    private Task<T> RunAsync<T>(
        string sql, TimeSpan timeout, CommandBehavior behavior, Func<NpgsqlDataReader, Task<T>> read, CancellationToken stopping)
    {
        CancellationTokenSource cancel = new();
        return OrLetGoAsync(
            Task.Run(() => InTransactionAsync(sql, timeout, behavior, read, cancel.Token), CancellationToken.None),
            cancel,
            timeout + Margin,
            ErrorClassification.OfStatement,
            LateAnswer(timeout),
            stopping);
    }

    private async Task<T> InTransactionAsync<T>(
        string sql, TimeSpan timeout, CommandBehavior behavior, Func<NpgsqlDataReader, Task<T>> read, CancellationToken cancelled)
    {
        try
        {
            await BeginAsync(timeout, cancelled);
            await using NpgsqlCommand command = new(sql, _connection) { AllResultTypesAreUnknown = true };
            NpgsqlDataReader reader = await command.ExecuteReaderAsync(behavior, cancelled);
            bool isComplete = behavior == CommandBehavior.SchemaOnly;
            try
            {
                T result = await read(reader);
                isComplete = isComplete || !await reader.ReadAsync(cancelled);
                return result;
            }
            finally
            {
                await EndAsync(command, reader, isComplete);
            }
        }
        finally
        {
            if (_connection is { State: ConnectionState.Open })
            {
                await ExecuteAsync("ROLLBACK", cancelled);
            }
        }
    }

    private async Task BeginAsync(TimeSpan timeout, CancellationToken cancelled)
    {
        await using NpgsqlBatch batch = new(_connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("BEGIN READ ONLY"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            SELECT pg_catalog.set_config('statement_timeout', '{Math.Max(1, (int)timeout.TotalMilliseconds)}', true),
                pg_catalog.set_config('lock_timeout', '100', true), pg_catalog.set_config('datestyle', 'ISO', true),
                pg_catalog.set_config('intervalstyle', 'postgres', true), pg_catalog.set_config('timezone', 'UTC', true)
            """)));
        await batch.ExecuteNonQueryAsync(cancelled);
    }

    private async Task<int> ExecuteAsync(string sql, CancellationToken cancelled)
    {
        await using NpgsqlCommand command = new(sql, _connection);
        return await command.ExecuteNonQueryAsync(cancelled);
    }

    /// <summary>Ends a reader. If rows are left, it cancels the statement: to read them would take time and memory.</summary>
    private static async Task EndAsync(NpgsqlCommand command, NpgsqlDataReader reader, bool isComplete)
    {
        if (isComplete || reader.IsClosed)
        {
            await reader.DisposeAsync();
            return;
        }

        command.Cancel();
        try
        {
            await reader.DisposeAsync();
        }
        catch (PostgresException cancelled) when (cancelled.SqlState == PostgresErrorCodes.QueryCanceled)
        {
            // As wanted.
        }
    }

    /// <summary>Waits for work on the connection, but no longer than its deadline.</summary>
    private async Task<T> OrLetGoAsync<T>(
        Task<T> work, CancellationTokenSource cancel, TimeSpan deadline, Func<Exception, DatabaseError> classify, string late, CancellationToken stopping)
    {
        try
        {
            T result = await work.WaitAsync(deadline, stopping);
            cancel.Dispose();
            return result;
        }
        catch (DatabaseException)
        {
            throw;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            LetGo(work, cancel);
            throw;
        }
        catch (TimeoutException) when (!work.IsCompleted)
        {
            LetGo(work, cancel);
            throw new DatabaseException(new DatabaseError(ErrorType.Timeout, late));
        }
        catch (Exception failure)
        {
            if (!IsOpen)
            {
                await CloseAsync();
            }

            throw new DatabaseException(classify(failure));
        }
    }

    private void LetGo(Task work, CancellationTokenSource cancel)
    {
        _isLetGo = true;
        // To cancel is to connect to the server once more, which may hang as well.
        _ = Task.Run(async () =>
        {
            try
            {
                cancel.Cancel();
                await work.ContinueWith(_ => { }, TaskScheduler.Default);
                _ = work.Exception;
                cancel.Dispose();
            }
            finally
            {
                // Whatever happened: a session that never ends would occupy its place for ever.
                await CloseAsync();
            }
        });
    }

    private async Task CloseAsync()
    {
        try
        {
            if (_connection is not null)
            {
                await _connection.DisposeAsync();
            }

            if (_source is not null)
            {
                await _source.DisposeAsync();
            }
        }
        catch (Exception failure) when (failure is NpgsqlException or InvalidOperationException or IOException or ObjectDisposedException)
        {
            // It is closed as far as it can be.
        }
        finally
        {
            _ended.TrySetResult();
        }
    }

    private string LateAnswer(TimeSpan timeout) =>
        $"{login.Server}: no answer to the statement within {(timeout + Margin).TotalSeconds:0.###} s; check whether the server hangs";
}

/// <summary>A column of a result.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">The OID of its type, see pg_type.</param>
internal readonly record struct Column(string Name, uint Type);
