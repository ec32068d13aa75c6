using System.Collections.Immutable;
using Agent.Postgres;
using Testing;

namespace Agent.Tests.Postgres;

/// <summary>What <c>agent check-config --databases</c> finds on a real server, and the program's exit codes.</summary>
[StartsProgram]
public sealed class DatabaseCheckTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Queries_are_prepared_and_not_run()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await server.SqlAsync("CREATE SEQUENCE runs; CREATE ROLE agent LOGIN; GRANT pg_monitor TO agent; GRANT USAGE ON SEQUENCE runs TO agent");

        DatabaseCheck check = Check(server, "agent", [
            new Query("a", "A", QueryType.Gauge, "SELECT 'x' AS location, nextval('runs') AS n") { Labels = ["location"] },
            new Query("b", "B", QueryType.Gauge, "SELECT pg_sleep(3600), 1 AS v") { ValueField = "v" },
        ]);

        Assert.Empty(check.Problems.Concat(check.Warnings));
        Assert.Matches(@"^database db1: logged in to PostgreSQL \d+(\.\d+)* as agent, 2 queries are fine$", check.Success);
        Assert.Equal("1", await server.SqlAsync("SELECT nextval('runs')"));
    }

    [Fact]
    public async Task Each_wrong_query_has_a_line_with_its_name()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await server.SqlAsync("CREATE ROLE agent LOGIN; CREATE TABLE secret (v integer)");

        DatabaseCheck check = Check(server, "agent", [
            new Query("missing_table", "A", QueryType.Gauge, "SELECT v FROM courses"),
            new Query("two_statements", "A", QueryType.Gauge, "SELECT 1 AS v; SELECT 2 AS v"),
            new Query("not_granted", "A", QueryType.Gauge, "SELECT v FROM secret"),
            new Query("missing_label", "A", QueryType.Gauge, "SELECT 1 AS v") { Labels = ["location"] },
            new Query("text_value", "A", QueryType.Gauge, "SELECT 'x' AS v"),
            new Query("fine", "A", QueryType.Gauge, "SELECT 1 AS v"),
        ]);

        Assert.Null(check.Success);
        Assert.True(check.IsQueryWrong);
        Assert.Equal(
            ["missing_table", "two_statements", "not_granted", "missing_label", "text_value"],
            check.Problems.Select(problem => problem.Split(':')[0].Replace("database db1, query ", "")));
        Assert.DoesNotContain(check.Problems, problem => problem.Contains('\n'));
    }

    [Fact]
    public async Task Superuser_and_role_without_rights_are_warned_about()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await server.SqlAsync("CREATE ROLE agent LOGIN");

        Assert.Contains("superuser", Assert.Single(Check(server, "postgres", []).Warnings));
        Assert.Contains("pg_monitor", Assert.Single(Check(server, "agent", []).Warnings));
    }

    [Fact]
    public async Task Server_that_does_not_answer_is_a_problem_of_the_database_alone()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        Database refused = new("gone", new DatabaseLogin("127.0.0.1", FreePort.Next(), "postgres", "agent"));

        IReadOnlyList<DatabaseCheck> checks = DatabaseCheck.CheckAll([refused, DatabaseOf(server, "postgres", [])]);

        Assert.StartsWith("database gone: ", Assert.Single(checks[0].Problems));
        Assert.False(checks[0].IsQueryWrong);
        Assert.NotNull(checks[1].Success);
    }

    [Fact]
    public async Task Program_exits_with_64_for_a_wrong_query_and_with_3_for_a_database_that_cannot_be_asked()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await server.SqlAsync("CREATE ROLE agent LOGIN; GRANT pg_monitor TO agent");

        (int exitCode, string output, string errors) = await Run("SELECT 1 AS v", server.SocketDirectory, server.Port);
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.EndsWith(" as agent, 1 query is fine\n", output);

        (exitCode, _, errors) = await Run("SELECT 1 AS v FROM courses", server.SocketDirectory, server.Port);
        Assert.Equal(64, exitCode);
        Assert.StartsWith("agent: database db1, query m: ", errors);
        Assert.Equal(1, errors.Count(character => character == '\n'));

        (exitCode, _, errors) = await Run("SELECT 1 AS v", "127.0.0.1", FreePort.Next());
        Assert.Equal(3, exitCode);
        Assert.StartsWith("agent: database db1: ", errors);

        (exitCode, output, errors) = await Run(null, "", 0);
        Assert.Equal((64, ""), (exitCode, output));
        Assert.Contains("configures no database", errors);
    }

    private async Task<(int ExitCode, string Output, string Errors)> Run(string? sql, string host, int port)
    {
        string file = _scratch["agent.json"];
        await File.WriteAllTextAsync(file, sql is null ? "{}" :
            $$"""
            {
              "databases": [ { "name": "db1", "host": "{{host}}", "port": {{port}}, "database": "postgres", "user": "agent" } ],
              "queries": [ { "name": "m", "help": "M", "query": "{{sql}}" } ]
            }
            """);
        return await AgentProcess.Run(["check-config", "--databases", file]);
    }

    private static DatabaseCheck Check(PostgresServer server, string user, ImmutableArray<Query> queries) =>
        Assert.Single(DatabaseCheck.CheckAll([DatabaseOf(server, user, queries)]));

    private static Database DatabaseOf(PostgresServer server, string user, ImmutableArray<Query> queries) =>
        new("db1", new DatabaseLogin(server.SocketDirectory, server.Port, "postgres", user)) { Queries = queries };
}
