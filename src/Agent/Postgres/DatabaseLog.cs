using Microsoft.Extensions.Logging;

namespace Agent.Postgres;

/// <summary>Logs a line for each change of a database's state. For several threads.</summary>
/// <param name="database">The database.</param>
/// <param name="logger">Takes the lines.</param>
internal sealed partial class DatabaseLog(Database database, ILogger logger)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _queryErrors = [];
    private string? _up;
    private string? _down;
    private string? _loginError;
    private FullScope? _full;
    private bool _areRoundsQuarantined;
    private bool _areLoginsQuarantined;
    private bool _toldRestricted;
    private bool _toldSuperuser;

    /// <summary>Takes over what has been logged already.</summary>
    internal void TakeOver(DatabaseLog former)
    {
        lock (former._gate)
        {
            (_up, _down, _loginError, _full, _toldRestricted, _toldSuperuser) =
                (former._up, former._down, former._loginError, former._full, former._toldRestricted, former._toldSuperuser);
            foreach ((string query, string error) in former._queryErrors)
            {
                _queryErrors[query] = error;
            }
        }
    }

    /// <summary>The statistics were read.</summary>
    internal void Up(CoreStatistics core)
    {
        lock (_gate)
        {
            string up = $"PostgreSQL {core.Version}, {core.Role}";
            if (_up != up)
            {
                LogUp(database.Name, up, database.Login.Server);
            }

            (_up, _down, _areRoundsQuarantined) = (up, null, false);
            if (core.IsRestricted && !_toldRestricted)
            {
                LogRestricted(database.Name, core.User);
            }

            _toldRestricted = core.IsRestricted;
        }
    }

    /// <summary>The statistics could not be read.</summary>
    internal void Down(DatabaseError error, Quarantine quarantine)
    {
        lock (_gate)
        {
            if (_down != error.Message)
            {
                LogDown(database.Name, error.Message);
            }

            (_up, _down) = (null, error.Message);
            _full = error.Type == ErrorType.Full ? error.FullScope ?? FullScope.Server : _full;
            ReportQuarantine(quarantine, ref _areRoundsQuarantined);
        }
    }

    /// <summary>The test of a login failed.</summary>
    internal void LoginFailed(DatabaseError error, bool isUp, Quarantine quarantine)
    {
        lock (_gate)
        {
            if (error.Type == ErrorType.Full)
            {
                FullScope scope = error.FullScope ?? FullScope.Server;
                if (_full != scope)
                {
                    LogFull(database.Name, FullScopes.LabelOf(scope), error.Message);
                }

                _full = scope;
            }
            else if (isUp && _loginError != error.Message)
            {
                LogLoginFailed(database.Name, error.Message);
                _loginError = error.Message;
            }

            if (isUp)
            {
                ReportQuarantine(quarantine, ref _areLoginsQuarantined);
            }
        }
    }

    /// <summary>The test of a login succeeded.</summary>
    /// <param name="isSuperuser">Whether the role is a superuser.</param>
    internal void LoginSucceeded(bool isSuperuser)
    {
        lock (_gate)
        {
            if (isSuperuser && !_toldSuperuser)
            {
                LogSuperuser(database.Name, database.Login.User);
            }

            _toldSuperuser = isSuperuser;
            if (_full is not null || _loginError is not null)
            {
                LogLoginSucceeded(database.Name);
            }

            (_full, _loginError, _areLoginsQuarantined) = (null, null, false);
        }
    }

    /// <summary>A query has run.</summary>
    internal void Query(QuerySchedule query)
    {
        lock (_gate)
        {
            string name = query.Query.Name;
            string? error = query.Error?.Message;
            string? former = _queryErrors.GetValueOrDefault(name);
            if (error is not null && error != former)
            {
                LogQueryFailed(name, database.Name, error);
                _queryErrors[name] = error;
            }
            else if (error is null && former is not null)
            {
                LogQuerySucceeded(name, database.Name);
                _queryErrors.Remove(name);
            }
        }
    }

    private void ReportQuarantine(Quarantine quarantine, ref bool isReported)
    {
        if (quarantine.IsActive && !isReported)
        {
            LogQuarantined(database.Name, TimeSpan.FromSeconds(Math.Round(quarantine.Pause.TotalSeconds)));
        }

        isReported = quarantine.IsActive;
    }

    [LoggerMessage(70, LogLevel.Information, "database {Database}: {Version}, at {Server}")]
    private partial void LogUp(string database, string version, ServerAddress server);

    [LoggerMessage(71, LogLevel.Error, "database {Database}: {Reason}")]
    private partial void LogDown(string database, string reason);

    [LoggerMessage(72, LogLevel.Error, "database {Database}: no free connection ({Scope}): {Reason}")]
    private partial void LogFull(string database, string scope, string reason);

    [LoggerMessage(73, LogLevel.Warning, "database {Database}: the kept connection works, but a new login fails: {Reason}")]
    private partial void LogLoginFailed(string database, string reason);

    [LoggerMessage(74, LogLevel.Information, "database {Database}: a new login succeeds again")]
    private partial void LogLoginSucceeded(string database);

    [LoggerMessage(75, LogLevel.Warning, "database {Database}: it failed repeatedly; the agent tries it less often, next in {Pause}")]
    private partial void LogQuarantined(string database, TimeSpan pause);

    [LoggerMessage(76, LogLevel.Warning,
        "database {Database}: the role {Role} does not see states and addresses of other roles; grant it pg_monitor")]
    private partial void LogRestricted(string database, string role);

    [LoggerMessage(77, LogLevel.Warning,
        "database {Database}: the role {Role} is a superuser, and a read-only transaction does not stop COPY TO PROGRAM; use a role with pg_monitor only")]
    private partial void LogSuperuser(string database, string role);

    [LoggerMessage(78, LogLevel.Warning, "query {Query} on database {Database}: {Reason}")]
    private partial void LogQueryFailed(string query, string database, string reason);

    [LoggerMessage(79, LogLevel.Information, "query {Query} on database {Database} succeeds again")]
    private partial void LogQuerySucceeded(string query, string database);
}
