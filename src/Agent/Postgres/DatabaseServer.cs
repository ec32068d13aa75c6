using System.Collections.Immutable;
using Agent.Tasks;

namespace Agent.Postgres;

/// <summary>
/// The agent's connections to one server: at most two, whatever hangs. One is kept, and shared by all databases of the server; one is opened for
/// the test of a login and closed again, for one database after the other. A connection that the agent has let go of occupies its place until it
/// has ended.
/// </summary>
/// <param name="address">The server.</param>
/// <param name="time">The clock.</param>
internal sealed class DatabaseServer(ServerAddress address, TimeProvider time)
{
    /// <summary>After a wrong password, and a missing role or database, the time to the next attempt.</summary>
    internal static readonly TimeSpan HoldTime = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private readonly Place _kept = new();
    private readonly Place _tests = new();
    private readonly Dictionary<DatabaseLogin, Hold> _holds = [];
    private ImmutableArray<DatabaseLogin> _logins = [];
    private volatile bool _isPooler;

    /// <summary>Takes new settings: failed logins may be tried again at once.</summary>
    /// <param name="logins">The logins of the server's databases. The first one is preferred for the kept connection.</param>
    internal void Configure(IEnumerable<DatabaseLogin> logins)
    {
        lock (_gate)
        {
            _logins = [.. logins];
            _holds.Clear();
        }

        if (_logins.IsEmpty)
        {
            _ = CloseKeptAsync();
        }
    }

    /// <summary>Why this login is not tried now; null if it may be.</summary>
    internal DatabaseError? HeldError(DatabaseLogin login)
    {
        lock (_gate)
        {
            if (!_holds.TryGetValue(login, out Hold? hold))
            {
                return null;
            }

            if (time.GetElapsedTime(hold.Since) < HoldTime && hold.Stamp == Secret.StampOf(login))
            {
                return hold.Error;
            }

            _holds.Remove(login);
            return null;
        }
    }

    /// <summary>Whether the kept connection is open and serves a database, so that no login is needed for it.</summary>
    internal bool HasKept(Database database) => _kept.Session is { IsOpen: true } kept && Serves(kept, database);

    /// <summary>Uses the kept connection; opens it if it is not open. After a restart of the server it is opened again.</summary>
    /// <param name="database">Whose login opens it, and whose timeout applies.</param>
    /// <param name="use">Uses it.</param>
    /// <param name="stopping">Ends it earlier.</param>
    /// <exception cref="DatabaseException">The connection could not be opened, or its use failed.</exception>
    internal Task<T> UseKeptAsync<T>(Database database, Func<Session, Task<T>> use, CancellationToken stopping) => InTurnAsync(
        _kept,
        database,
        database.Timeout,
        async deadline =>
        {
            if (_kept.Session is { IsOpen: true } open)
            {
                if (Serves(open, database))
                {
                    try
                    {
                        return await use(open);
                    }
                    catch (DatabaseException failure) when (!open.IsOpen && failure.Error.Type != ErrorType.Timeout)
                    {
                        // The server has ended it: a restart, a timeout of the server, an administrator.
                    }
                }
                else
                {
                    await open.DisposeAsync();
                }
            }

            Session session = await OpenKeptAsync(database, deadline, stopping);
            try
            {
                return await use(session);
            }
            finally
            {
                if (!IsConfigured(session.Login))
                {
                    // A reload has removed the server meanwhile, and nothing would close it.
                    await session.DisposeAsync();
                }
            }
        },
        stopping);

    /// <summary>
    /// Logs in with a connection of its own, uses it and closes it. It waits for its turn however long that takes: queries of another database are
    /// no failure of this one.
    /// </summary>
    /// <param name="database">Whose login is tested, and whose timeout applies.</param>
    /// <param name="use">Takes how long the login took, and uses the connection.</param>
    /// <param name="stopping">Ends it earlier.</param>
    /// <exception cref="DatabaseException">The login or the use failed.</exception>
    internal Task TestAsync(Database database, Func<Session, TimeSpan, Task> use, CancellationToken stopping) => InTurnAsync(
        _tests,
        database,
        Timeout.InfiniteTimeSpan,
        async deadline =>
        {
            long begun = time.GetTimestamp();
            await using Session session = await OpenAsync(_tests, database.Login, deadline, stopping);
            await use(session, time.GetElapsedTime(begun));
            return true;
        },
        stopping);

    /// <summary>Waits until what was let go of has ended.</summary>
    internal Task LetGoEnded => Task.WhenAll(_kept.LetGo, _tests.LetGo);

    /// <summary>
    /// Opens the kept connection. All databases of a server get their statistics through it, so that it has the login of the first one, and what it
    /// sees does not depend on which database asks first. Only where that login fails, or leads to another server, it is the database's own.
    /// </summary>
    private async Task<Session> OpenKeptAsync(Database database, long deadline, CancellationToken stopping)
    {
        if (_logins is [var first, ..] && first != database.Login && !_isPooler && HeldError(first) is null)
        {
            try
            {
                Session session = await OpenAndPrepareAsync(first);
                if (Serves(session, database))
                {
                    return session;
                }
            }
            catch (DatabaseException failure) when (failure.Error.Type is not (ErrorType.Timeout or ErrorType.Refused))
            {
                // The first database reports it.
            }
        }

        return await OpenAndPrepareAsync(database.Login);

        async Task<Session> OpenAndPrepareAsync(DatabaseLogin login)
        {
            Session session = await OpenAsync(_kept, login, deadline, stopping, isOwn: login == database.Login);
            _isPooler = await session.DisableIdleTimeoutAsync(database.Timeout, stopping);
            return session;
        }
    }

    private async Task<Session> OpenAsync(
        Place place, DatabaseLogin login, long deadline, CancellationToken stopping, bool isOwn = true)
    {
        if (HeldError(login) is { } error)
        {
            throw new DatabaseException(error);
        }

        if (place.Session is { } former)
        {
            // Nothing happens to one that is let go of, or closed.
            await former.DisposeAsync();
            await WaitAsync(former.Ended, Left(deadline), $"{address}: the former connection has not ended yet; the server does not respond", stopping);
        }

        string? stamp = Secret.StampOf(login);
        Session session = new(login);
        place.Session = session;
        try
        {
            await session.OpenAsync(Left(deadline), stopping);
            return session;
        }
        catch (DatabaseException failure) when (isOwn && failure.Error.Type is (ErrorType.Password or ErrorType.Database))
        {
            lock (_gate)
            {
                _holds[login] = new Hold(failure.Error, time.GetTimestamp(), stamp);
            }

            throw;
        }
    }

    private async Task<T> InTurnAsync<T>(
        Place place, Database database, TimeSpan patience, Func<long, Task<T>> use, CancellationToken stopping)
    {
        long deadline = DeadlineOf(database);
        Task turn = place.Turn.WaitAsync(CancellationToken.None);
        try
        {
            await WaitAsync(turn, patience, $"{address}: another database of this server has the connection, and does not end in time", stopping);
        }
        catch
        {
            _ = turn.ContinueWith(_ => place.Turn.Release(), TaskScheduler.Default);
            throw;
        }

        try
        {
            return await use(patience == Timeout.InfiniteTimeSpan ? DeadlineOf(database) : deadline);
        }
        finally
        {
            place.Turn.Release();
        }
    }

    // A server takes its time in real time, whatever the clock of a test says.
    private static long DeadlineOf(Database database) => TimeProvider.System.GetTimestamp() + TimeProvider.System.ToTicks(database.Timeout);

    private static async Task WaitAsync(Task ended, TimeSpan patience, string late, CancellationToken stopping)
    {
        try
        {
            await ended.WaitAsync(patience, stopping);
        }
        catch (TimeoutException)
        {
            throw new DatabaseException(new DatabaseError(ErrorType.Timeout, late));
        }
    }

    private static TimeSpan Left(long deadline)
    {
        TimeSpan left = TimeProvider.System.GetElapsedTime(TimeProvider.System.GetTimestamp(), deadline);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private bool IsConfigured(DatabaseLogin login)
    {
        lock (_gate)
        {
            return _logins.Contains(login);
        }
    }

    // A pooler may have its databases on different servers.
    private bool Serves(Session kept, Database database) =>
        IsConfigured(kept.Login) && (kept.Login.Database == database.Login.Database || !_isPooler);

    private async Task CloseKeptAsync()
    {
        await _kept.Turn.WaitAsync();
        try
        {
            if (_logins.IsEmpty && _kept.Session is { } session)
            {
                await session.DisposeAsync();
            }
        }
        finally
        {
            _kept.Turn.Release();
        }
    }

    /// <summary>A connection, which one at a time may use.</summary>
    private sealed class Place
    {
        internal SemaphoreSlim Turn { get; } = new(1);

        internal Session? Session { get; set; }

        internal Task LetGo => Session is { IsOpen: false } session ? session.Ended : Task.CompletedTask;
    }

    /// <summary>A login that is not tried for a while.</summary>
    /// <param name="Error">Why.</param>
    /// <param name="Since">When it failed.</param>
    /// <param name="Stamp">The state of the file with the password at that time.</param>
    private sealed record Hold(DatabaseError Error, long Since, string? Stamp);
}
