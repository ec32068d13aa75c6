using System.Collections.Immutable;
using Agent.Limits;
using Agent.Readings;
using Agent.Tasks;
using Agent.Watching;
using Microsoft.Extensions.Logging;

namespace Agent.Postgres;

/// <summary>
/// Asks one database at each interval. First the statistics, through the connection that its server keeps; then, beside the following rounds if it
/// takes so long, the test of a login with the custom queries that are due. A reading is put after each of both.
/// </summary>
/// <param name="store">Takes the readings.</param>
/// <param name="database">The database.</param>
/// <param name="server">The connections to its server.</param>
/// <param name="isFirstOfServer">Whether the metrics of the server appear under it.</param>
/// <param name="watches">The watches whose limit it decides, with their namespaces.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs changes.</param>
internal sealed class DatabaseSource(
    Store store,
    Database database,
    DatabaseServer server,
    bool isFirstOfServer,
    ImmutableArray<(WatchedNamespace Where, Watch Watch)> watches,
    TimeProvider time,
    ILogger<DatabaseSource> logger) : Source(store)
{
    // How often the file with a password that was refused is looked at.
    private static readonly TimeSpan SecretPoll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(1.4);

    private readonly Lock _gate = new();
    private readonly SortedDictionary<ErrorType, long> _errors = [];
    private readonly ImmutableArray<QuerySchedule> _queries = [.. database.Queries.Select(query => new QuerySchedule(query, database, time))];
    private readonly Quarantine _rounds = new(Quarantine.LongestOfDatabase, time);
    private readonly Quarantine _logins = new(Quarantine.LongestOfDatabase, time);
    private readonly DatabaseLog _log = new(database, logger);
    private readonly DatabaseSizes _sizes = new(database, time);
    private readonly BackendlessConnections _backendless = new(watches);
    private readonly LatestLogin _login = new(MaximumAgeOf(database), time);
    private ServerLimits? _limits;
    private Answer? _answer;
    private DatabaseError? _failure;
    private TimeSpan? _duration;
    private bool? _scrapeSucceeded;

    internal override string Name => $"postgres:{database.Name}";

    internal override string Duty => $"ask the database {database.Name}";

    // Never equal: after a reload a database that failed is tried at once.
    internal override object Identity => this;

    public override object Subject { get; } = new DatabaseSubject(database.Name);

    // A round may wait for its turn, log in and ask.
    public override TimeSpan? MaximumAge { get; } = MaximumAgeOf(database);

    internal override TimeSpan LongestRetryDelay => RetryDelayFor(database.Interval);

    internal override TimeSpan StopTimeout { get; } = LongestEnd + TimeSpan.FromMilliseconds(100);

    internal override bool GatesReadiness => false;

    internal override bool LogsOwnFailures => true;

    public override Reading? Stale(Reading? last)
    {
        string reason = $"no round has ended for {(long)MaximumAge!.Value.TotalSeconds} s";
        return last is not DatabaseReading reading ? null : reading with
        {
            Failure = reason,
            ScrapeSucceeded = false,
            Statistics = null,
            Limits = null,
            Login = null,
            Queries = [],
            Use = reading.Use with { Used = null, FullReason = null, Problem = $"database {database.Name}: {reason}" },
        };
    }

    internal override void TakeOver(SupervisedTask former)
    {
        DatabaseSource other = (DatabaseSource)former;
        lock (other._gate)
        {
            foreach ((ErrorType type, long count) in other._errors)
            {
                _errors[type] = count;
            }

            _log.TakeOver(other._log);
            if (other.Login.Server == Login.Server)
            {
                _limits = other._limits;
            }

            foreach (QuerySchedule query in _queries)
            {
                if (other._queries.FirstOrDefault(known => known.Query.Name == query.Query.Name) is { } known
                    && other.Login.Server == Login.Server && other.Login.Database == Login.Database)
                {
                    query.TakeOver(known);
                }
            }
        }
    }

    internal override async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        Task login = Task.CompletedTask;
        try
        {
            long period = time.ToTicks(database.Interval);
            long due = time.GetTimestamp();
            while (true)
            {
                await RoundAsync(stopping);
                if (_failure is null)
                {
                    succeeded();
                }

                if (login.IsCompleted)
                {
                    login = Task.Run(() => TestLoginAsync(stopping), CancellationToken.None);
                }

                if (time.GetTimestamp() is var now && now >= due)
                {
                    due += ((now - due) / period + 1) * period;
                }

                await WaitAsync(due, stopping);
            }
        }
        finally
        {
            // The server must be told to end what runs, before this process ends.
            await Task.WhenAny(EndAsync(login), Task.Delay(LongestEnd, CancellationToken.None));
        }
    }

    private async Task EndAsync(Task login)
    {
        await login;
        await server.LetGoEnded;
    }

    private DatabaseLogin Login => database.Login;

    private static TimeSpan MaximumAgeOf(Database database) =>
        TimeSpan.FromTicks(Math.Max(StaleAfter.Of(database.Interval).Ticks, (database.Interval + (3 * database.Timeout) + Session.Margin).Ticks));

    /// <summary>Waits for the next round. A password that was refused is tried as soon as its file has changed.</summary>
    private async Task WaitAsync(long due, CancellationToken stopping)
    {
        while (time.GetElapsedTime(time.GetTimestamp(), due) is var left && left > TimeSpan.Zero)
        {
            bool isHeld = server.HeldError(database.Login) is not null;
            await Task.Delay(isHeld && left > SecretPoll ? SecretPoll : left, time, stopping);
            if (isHeld && server.HeldError(database.Login) is null)
            {
                return;
            }
        }
    }

    private async Task RoundAsync(CancellationToken stopping)
    {
        long begun = time.GetTimestamp();
        try
        {
            if (!server.HasKept(database) && server.HeldError(database.Login) is { } held)
            {
                // Not tried, so neither an error nor a failure more.
                Failed(held, begun);
            }
            else if (_rounds.MayTry)
            {
                Answer answer = await server.UseKeptAsync(database, session => AskAsync(session, stopping), stopping);
                lock (_gate)
                {
                    (_answer, _failure, _limits, _duration) = (answer, null, answer.Core.Limits, time.GetElapsedTime(begun));
                    _rounds.Succeeded();
                }

                _log.Up(answer.Core);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception failure)
        {
            DatabaseError error = ErrorClassification.Of(failure);
            Count(error, _rounds);
            Failed(error, begun);
        }

        Put();
    }

    private void Failed(DatabaseError error, long begun)
    {
        lock (_gate)
        {
            (_answer, _failure, _duration, _scrapeSucceeded) = (null, error, time.GetElapsedTime(begun), false);
        }

        _log.Down(error, _rounds);
    }

    private async Task<Answer> AskAsync(Session session, CancellationToken stopping)
    {
        BackendlessConnections.Held?[] before = _backendless.Dump();
        CoreStatistics core = await CoreStatistics.AskAsync(session, database.Timeout, stopping);
        Answer answer = new(core, session.Login == database.Login ? core.Database : database.Login.Database, _backendless.Compare(before, core));
        int series = StatisticsReport.SeriesOf(StatisticsOf(answer), _queries.Length);
        return series <= database.MaxSeries ? answer : throw new DatabaseException(new DatabaseError(
            ErrorType.Cardinality,
            $"the statistics have {series} series, and maxSeries of the database is {database.MaxSeries}; raise it, or lower shownClients"));
    }

    private DatabaseStatistics StatisticsOf(Answer answer) => StatisticsReport.Of(
        answer.Core,
        database,
        answer.Name,
        _sizes.Current,
        isFirstOfServer ? StatisticsReport.OfServer(answer.Core, database.ShownClients, answer.WithoutBackend) : null);

    /// <summary>Tests a login and runs the queries that are due. Does not throw.</summary>
    private async Task TestLoginAsync(CancellationToken stopping)
    {
        long begun = time.GetTimestamp();
        try
        {
            if (server.HeldError(database.Login) is { } held)
            {
                LoginFailed(held, _duration ?? TimeSpan.Zero);
            }
            else if (_logins.MayTry)
            {
                await server.TestAsync(database, (session, duration) => RunQueriesAsync(session, duration, stopping), stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return;
        }
        catch (Exception failure)
        {
            DatabaseError error = ErrorClassification.Of(failure);
            Count(error, _logins);
            LoginFailed(error, time.GetElapsedTime(begun));
        }

        Put();
    }

    private void LoginFailed(DatabaseError error, TimeSpan duration)
    {
        lock (_gate)
        {
            _login.Failed(duration, error);
            _scrapeSucceeded = false;
        }

        _log.LoginFailed(error, isUp: _failure is null, _logins);
    }

    private async Task RunQueriesAsync(Session session, TimeSpan duration, CancellationToken stopping)
    {
        lock (_gate)
        {
            _login.Succeeded(duration);
        }

        _logins.Succeeded();
        _log.LoginSucceeded(session.IsSuperuser);
        Put();
        DatabaseError? error = await _sizes.RefreshAsync(session, stopping);
        bool succeeded = error is null;
        if (error is not null)
        {
            Count(error, quarantine: null);
        }

        foreach (QuerySchedule query in _queries.Where(query => query.IsDue).ToArray())
        {
            if (!session.IsOpen)
            {
                // The former statement broke the connection. The others run in the next round, with a new one.
                succeeded = false;
                break;
            }

            succeeded &= await RunAsync(session, query, stopping);
        }

        lock (_gate)
        {
            _scrapeSucceeded = succeeded && _failure is null;
        }
    }

    private async Task<bool> RunAsync(Session session, QuerySchedule query, CancellationToken stopping)
    {
        query.Begin();
        DatabaseError? error = null;
        try
        {
            (ImmutableArray<QuerySample> samples, int series) =
                await QueryRun.RunAsync(session, query.Query, query.Timeout, Math.Min(query.Query.MaxSeries, SeriesLeftFor(query)), stopping);
            lock (_gate)
            {
                query.Succeeded(samples, series);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception failure)
        {
            error = ErrorClassification.Of(failure);
            lock (_gate)
            {
                query.Failed(error);
            }

            Count(error, quarantine: null);
        }

        _log.Query(query);
        return error is null;
    }

    private int SeriesLeftFor(QuerySchedule query)
    {
        lock (_gate)
        {
            int used = _answer is { } answer
                ? StatisticsReport.SeriesOf(StatisticsOf(answer), _queries.Length)
                : StatisticsReport.SeriesOfState(_queries.Length);
            return Math.Max(0, database.MaxSeries - used - _queries.Where(other => other != query).Sum(other => other.Series));
        }
    }

    private void Count(DatabaseError error, Quarantine? quarantine)
    {
        lock (_gate)
        {
            _errors[error.Type] = _errors.GetValueOrDefault(error.Type) + 1;
            // A full server is a measurement. A wrong password, and a missing role or database, have a pause of their own.
            if (error.Type is not (ErrorType.Full or ErrorType.Password or ErrorType.Database))
            {
                quarantine?.Failed();
            }
        }
    }

    private void Put()
    {
        DatabaseReading reading;
        lock (_gate)
        {
            reading = new DatabaseReading(database)
            {
                Duration = _duration,
                Failure = _failure?.Message,
                ScrapeSucceeded = _scrapeSucceeded,
                Errors = [.. _errors.Select(error => new ErrorCount(error.Key, error.Value))],
                IsQuarantined = _rounds.IsActive || _logins.IsActive,
                Statistics = _answer is { } answer ? StatisticsOf(answer) : null,
                Limits = isFirstOfServer ? _limits : null,
                Login = _login.Test,
                Queries = [.. _queries.Select(query => query.Reading).OfType<QueryReading>()
                    .Select(query => _failure is null ? query : query with { Samples = [], Series = null })],
                Use = new ServerUse(database.Name)
                {
                    Used = _answer?.Core.Clients.Count(),
                    UsableLimit = _limits?.Usable,
                    FullReason = _login.Test?.Error is { Type: ErrorType.Full } full ? full.Message
                        : _failure is { Type: ErrorType.Full } ? _failure.Message
                        : null,
                    Problem = _failure is null ? null : $"database {database.Name}: {_failure.Message}",
                },
            };
        }

        Put(reading);
    }
}
