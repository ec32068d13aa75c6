using System.Net.Sockets;
using System.Security.Authentication;
using Agent.Readings;
using Npgsql;

namespace Agent.Postgres;

/// <summary>Tells what kind of error an exception of Npgsql is. Only fields of the server's errors count that are not translated.</summary>
internal static class ErrorClassification
{
    /// <summary>What went wrong, also where it is a defect of the agent.</summary>
    internal static DatabaseError Of(Exception failure) => failure is DatabaseException known
        ? known.Error
        : new DatabaseError(ErrorType.Other, OneLine.Of($"{failure.GetType().Name}: {failure.Message}"));

    /// <summary>Why a login failed.</summary>
    /// <param name="failure">What Npgsql threw.</param>
    /// <param name="login">Where and how.</param>
    /// <param name="rejection">Why the server's certificate was rejected; null if it was not.</param>
    internal static DatabaseError OfLogin(Exception failure, DatabaseLogin login, string? rejection)
    {
        (ErrorType type, string message) = failure switch
        {
            _ when rejection is not null => (ErrorType.Tls, $"{rejection}; set caFile to the CA of the server, or tls to another mode"),
            PostgresException refusal => OfRefusedLogin(refusal, login),
            _ when Inner<AuthenticationException>(failure) is { } tls => (ErrorType.Tls, $"the TLS handshake failed: {tls.Message}"),
            _ when Inner<SocketException>(failure) is { } socket => OfSocket(socket, login),
            _ when Inner<TimeoutException>(failure) is not null => (ErrorType.Timeout, "no answer to the login in time; check whether the server hangs"),
            // Npgsql's own exceptions have no code, and their text is never translated.
            NpgsqlException own when own.Message.Contains("No SSL enabled connection", StringComparison.Ordinal) =>
                (ErrorType.Tls, "the server does not offer TLS; set ssl = on in postgresql.conf, or tls to off"),
            NpgsqlException own when own.Message.Contains("No password has been provided", StringComparison.Ordinal) =>
                (ErrorType.Password, "the server asks for a password; set passwordFile or passwordVariable"),
            NpgsqlException own when own.Message.Contains("authentication method is not allowed", StringComparison.Ordinal) =>
                (ErrorType.Tls, "the server asks for the password in clear text or as an MD5 hash, which needs TLS; set tls, or use scram-sha-256"),
            _ when Inner<IOException>(failure) is not null =>
                (ErrorType.Protocol, "the server closed the connection during the login; check its log, and whether this is the port of PostgreSQL"),
            NpgsqlException own => (ErrorType.Protocol, OneLine.Of(own.InnerException?.Message ?? own.Message)),
            _ => (ErrorType.Other, OneLine.Of(failure.Message)),
        };
        return new DatabaseError(type, $"{login.Server}: {message}")
        {
            SqlState = (failure as PostgresException)?.SqlState,
            FullScope = type == ErrorType.Full ? ScopeOf((PostgresException)failure) : null,
        };
    }

    /// <summary>Why a statement failed.</summary>
    /// <param name="failure">What Npgsql threw.</param>
    internal static DatabaseError OfStatement(Exception failure)
    {
        if (failure is PostgresException error)
        {
            string text = $"{OneLine.Of(error.MessageText)} (SQLSTATE {error.SqlState})";
            (ErrorType type, string message) = error.SqlState switch
            {
                PostgresErrorCodes.QueryCanceled => (ErrorType.Timeout, $"{text}; raise the timeout, or make the statement faster"),
                // The server's parser found a second statement, and not an error of the syntax.
                PostgresErrorCodes.SyntaxError when error.Routine == "exec_parse_message" => (ErrorType.Query, $"{text}; give one statement only"),
                PostgresErrorCodes.ReadOnlySqlTransaction => (ErrorType.Query, $"{text}; a query may only read"),
                PostgresErrorCodes.LockNotAvailable => (ErrorType.Timeout, $"{text}; another session holds the lock"),
                PostgresErrorCodes.InsufficientPrivilege => (ErrorType.Permission, $"{text}; grant it to the agent's role"),
                _ when IsUnavailable(error) => (ErrorType.Refused, text),
                ['0', '8', ..] => (ErrorType.Protocol, text),
                _ => (ErrorType.Query, text),
            };
            return new DatabaseError(type, message) { SqlState = error.SqlState };
        }

        return failure is NpgsqlException or IOException or SocketException or ObjectDisposedException
            ? new DatabaseError(ErrorType.Protocol, $"the connection broke: {OneLine.Of((failure.InnerException ?? failure).Message)}")
            : new DatabaseError(ErrorType.Other, OneLine.Of(failure.Message));
    }

    private static FullScope ScopeOf(PostgresException refusal) => refusal.Routine switch
    {
        // The functions of the server that refuse: miscinit.c, postinit.c. All others refuse before the login, because no slot is free at all.
        "InitializeSessionUserId" => FullScope.Role,
        "CheckMyDatabase" => FullScope.Database,
        "InitPostgres" => refusal.MessageText.Contains("pg_use_reserved_connections", StringComparison.Ordinal)
            ? FullScope.RoleReserve
            : FullScope.SuperuserReserve,
        _ => FullScope.Server,
    };

    private static (ErrorType Type, string Message) OfRefusedLogin(PostgresException refusal, DatabaseLogin login)
    {
        string text = $"{OneLine.Of(refusal.MessageText)} (SQLSTATE {refusal.SqlState})";
        return refusal.SqlState switch
        {
            PostgresErrorCodes.TooManyConnections => (ErrorType.Full, $"{text}; {AdviceFor(ScopeOf(refusal))}"),
            PostgresErrorCodes.InvalidPassword => (ErrorType.Password, $"{text}; check the user and the password{PlaceOfPassword(login)}"),
            PostgresErrorCodes.InvalidCatalogName => (ErrorType.Database, $"{text}; correct the key database, or create the database"),
            // pg_hba.conf, and not a missing role.
            PostgresErrorCodes.InvalidAuthorizationSpecification when refusal.Routine == "ClientAuthentication" =>
                (ErrorType.Permission, $"{text}; add a line for the agent to pg_hba.conf"),
            PostgresErrorCodes.InvalidAuthorizationSpecification when refusal.Routine == "auth_failed" => (
                ErrorType.Permission,
                $"{text}; pg_hba.conf asks for no password here: let it ask with scram-sha-256, or run the agent as the system user that it expects"),
            PostgresErrorCodes.InvalidAuthorizationSpecification => (ErrorType.Database, $"{text}; create the role, with LOGIN"),
            PostgresErrorCodes.InsufficientPrivilege => (ErrorType.Permission, $"{text}; GRANT CONNECT ON DATABASE to the agent's role"),
            _ when IsUnavailable(refusal) => (ErrorType.Refused, text),
            ['0', '8', ..] => (ErrorType.Protocol, text),
            _ => (ErrorType.Other, text),
        };
    }

    private static string AdviceFor(FullScope scope) => scope switch
    {
        FullScope.Server => "agent --once --processes on its host shows which clients hold the connections",
        FullScope.SuperuserReserve => "log in as a superuser and end sessions that are not needed",
        FullScope.RoleReserve => "log in as a superuser, or with pg_use_reserved_connections, and end sessions that are not needed",
        FullScope.Role => "look for another program that uses this role, or raise its CONNECTION LIMIT",
        _ => "end sessions that are not needed, or raise the CONNECTION LIMIT of the database",
    };

    private static string PlaceOfPassword(DatabaseLogin login) =>
        login.PasswordFile is { } file ? $" in passwordFile {file}"
        : login.PasswordVariable is { } variable ? $" in passwordVariable {variable}"
        : "";

    /// <summary>Whether the server starts, stops or was restarted, or an administrator or idle_session_timeout has ended the session.</summary>
    private static bool IsUnavailable(PostgresException error) => error.SqlState.StartsWith("57P", StringComparison.Ordinal);

    private static (ErrorType Type, string Message) OfSocket(SocketException failure, DatabaseLogin login) => failure.SocketErrorCode switch
    {
        SocketError.ConnectionReset or SocketError.Shutdown => (ErrorType.Protocol, "the connection broke during the login; check the log of the server"),
        SocketError.TimedOut => (ErrorType.Timeout, "no answer to the connection; check the host and its firewall"),
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain =>
            (ErrorType.Refused, $"cannot resolve the host: {failure.Message}; check host, and the name server"),
        // So .NET calls ENOENT, for unix sockets.
        SocketError.AddressNotAvailable when login.IsUnixSocket =>
            (ErrorType.Refused, "there is no such socket; check host and port, and whether the server runs"),
        _ => (ErrorType.Refused, $"{failure.Message}; check {(login.IsUnixSocket ? "the directory of the socket" : "host and port")}, and whether the server runs"),
    };

    private static T? Inner<T>(Exception failure)
        where T : Exception
    {
        for (Exception? inner = failure; inner is not null; inner = inner.InnerException)
        {
            if (inner is T found)
            {
                return found;
            }
        }

        return null;
    }
}
