using Agent.Postgres;
using Testing;

namespace Agent.Tests.Postgres;

/// <summary>Secrets, and the errors of logins.</summary>
public sealed class LoginTests : IAsyncDisposable
{
    private readonly RunningDatabases _running = new();

    [Fact]
    public async Task Wrong_password_is_told_once_and_the_right_one_is_taken_as_soon_as_it_is_there()
    {
        await using PostgresServer server = await PostgresServer.StartAsync("log_connections=on");
        await RunningDatabases.CreateRole(server);
        string file = RunningDatabases.PasswordFile("wrong");
        await _running.Start([RunningDatabases.Database(server, passwordFile: file) with { Interval = TimeSpan.FromMinutes(10) }]);
        DatabaseReading reading = await _running.Reading(reading => reading.Login?.Error is not null, "the login fails");
        Assert.Contains("check the user and the password in password", reading.Failure, StringComparison.Ordinal);
        Assert.Equal([new ErrorCount(ErrorType.Password, 1)], reading.Errors);
        Assert.Single(_running.Log);

        await File.WriteAllTextAsync(file, RunningDatabases.Password, TestContext.Current.CancellationToken);

        await _running.Reading(reading => reading.ScrapeSucceeded == true, "the new password is taken, long before the next round");
        string everything = string.Join('\n', _running.Log) + _running.Latest() + reading + server.Log;
        Assert.DoesNotContain(RunningDatabases.Password, everything, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", everything, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing", "postgres", ErrorType.Database, "28000")]
    [InlineData("postgres", "missing", ErrorType.Database, "3D000")]
    [InlineData("app", "closed", ErrorType.Permission, "42501")]
    public async Task Refused_login_says_what_is_missing(string user, string database, object type, string sqlState)
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await server.SqlAsync("CREATE ROLE app LOGIN");
        await server.SqlAsync("CREATE DATABASE closed");
        await server.SqlAsync("REVOKE CONNECT ON DATABASE closed FROM PUBLIC");

        DatabaseError error = await ErrorOf(new DatabaseLogin(server.SocketDirectory, server.Port, database, user));

        Assert.Equal(((ErrorType)type, sqlState), (error.Type, error.SqlState));
    }

    [Fact]
    public async Task Nothing_listens_there()
    {
        DatabaseError error = await ErrorOf(new DatabaseLogin("127.0.0.1", FreePort.Next(), "postgres", "agent"));
        DatabaseError unix = await ErrorOf(new DatabaseLogin("/nonexistent", 5432, "postgres", "agent"));

        Assert.Equal((ErrorType.Refused, ErrorType.Refused), (error.Type, unix.Type));
    }

    [Fact]
    public async Task Password_that_cannot_be_read_is_no_login()
    {
        DatabaseLogin login = new("127.0.0.1", FreePort.Next(), "postgres", "agent");
        string empty = RunningDatabases.PasswordFile("");

        Assert.Contains("there is no such file", (await ErrorOf(login with { PasswordFile = "/nonexistent" })).Message, StringComparison.Ordinal);
        Assert.Contains("is empty", (await ErrorOf(login with { PasswordFile = empty })).Message, StringComparison.Ordinal);
        Assert.Contains("a directory", (await ErrorOf(login with { PasswordFile = "/tmp" })).Message, StringComparison.Ordinal);
        Assert.Contains("is not set", (await ErrorOf(login with { PasswordVariable = "AGENT_TEST_MISSING" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Variables_of_libpq_do_not_count()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        Dictionary<string, string> variables = new()
        {
            ["PGPASSWORD"] = RunningDatabases.Password,
            ["PGOPTIONS"] = "-c work_mem=1MB",
            ["PGTZ"] = "Asia/Tokyo",
            ["PGCLIENTENCODING"] = "SQL_ASCII",
            ["PGAPPNAME"] = "other",
            ["PGREQUIREAUTH"] = "None",
            ["PGSSLNEGOTIATION"] = "Direct",
            ["PGGSSENCMODE"] = "Require",
            ["PGTARGETSESSIONATTRS"] = "standby",
            ["PGSSLCERT"] = "/nonexistent",
            ["PGSSLROOTCERT"] = "/nonexistent",
            ["PGUSER"] = "other",
        };
        foreach ((string name, string value) in variables)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        try
        {
            DatabaseLogin login = new("127.0.0.1", server.Port, "postgres", "agent");
            Assert.Equal(ErrorType.Password, (await ErrorOf(login)).Type);
            await using Session session = await Session.OpenAsync(
                login with { PasswordFile = RunningDatabases.PasswordFile() }, Poll.Timeout, CancellationToken.None);
            string settings = await session.ReadAsync(
                "SELECT current_setting('work_mem') || ' ' || current_setting('client_encoding') || ' ' || current_setting('application_name')",
                Poll.Timeout,
                async reader => await reader.ReadAsync() ? reader.GetString(0) : "",
                CancellationToken.None);
            Assert.Equal("4MB UTF8 connection-agent", settings);
        }
        finally
        {
            foreach (string name in variables.Keys)
            {
                Environment.SetEnvironmentVariable(name, null);
            }
        }
    }

    public ValueTask DisposeAsync() => _running.DisposeAsync();

    private static async Task<DatabaseError> ErrorOf(DatabaseLogin login) =>
        (await Assert.ThrowsAsync<DatabaseException>(() => Session.OpenAsync(login, Poll.Timeout, CancellationToken.None))).Error;
}
