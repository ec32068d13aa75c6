using System.Text.Json;
using Npgsql;
using Testing;

namespace Agent.Tests.Program;

/// <summary><c>agent --once</c> with a watch that names a database, and <c>--databases</c>, on a real server of 20 connections, 17 of them usable.</summary>
[StartsProgram]
public sealed class DatabasesTests : IAsyncLifetime
{
    private const string AgentPassword = "agent's password";
    private const string BillingPassword = "billing's password";

    private readonly Scratch _scratch = new();
    private readonly List<NpgsqlConnection> _sessions = [];
    private PostgresServer? _server;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.StartAsync("max_connections=20");
        await _server.SqlAsync($"""
            CREATE ROLE agent LOGIN PASSWORD '{AgentPassword.Replace("'", "''", StringComparison.Ordinal)}' CONNECTION LIMIT 3;
            GRANT pg_monitor TO agent;
            CREATE ROLE billing LOGIN PASSWORD '{BillingPassword.Replace("'", "''", StringComparison.Ordinal)}';
            CREATE DATABASE shop;
            """.ReplaceLineEndings("\n"));
        await File.WriteAllTextAsync(_scratch["password"], AgentPassword + "\n");
        await File.WriteAllTextAsync(_scratch["agent.json"], $$"""
            {
              "watches": [ { "name": "postgres", "ports": [{{_server.Port}}], "limitFrom": { "database": "db1" } } ],
              "databases": [
                { "name": "db1", "host": "127.0.0.1", "port": {{_server.Port}}, "database": "shop", "user": "agent", "passwordFile": "{{_scratch["password"]}}" }
              ]
            }
            """);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (NpgsqlConnection session in _sessions)
        {
            await session.DisposeAsync();
        }

        await (_server?.DisposeAsync() ?? default);
        _scratch.Dispose();
    }

    [Fact]
    public async Task Limits_and_use_are_in_the_table_and_in_JSON()
    {
        await OpenSessions(14);
        (int exitCode, string output, string errors) = await Once("--databases");
        Assert.Equal((0, ""), (exitCode, errors));
        string text = string.Join(' ', output.Split((char[])['\n', ' '], StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("15 of 17 usable connections in use (88 %), 20 at most, 3 reserved for superusers", text);
        Assert.Contains("role agent: 1 of 3 connections in use", text);
        Assert.Contains("shop 15 billing 14 idle in transaction 14", text);
        Assert.Contains("server of postgres: 15 of 17 usable connections in use (88 %)", text);

        JsonElement report = await Json(1, "--databases", "--warn", "80%");
        JsonElement database = Assert.Single(report.GetProperty("databases").EnumerateArray());
        Assert.Equal("warning", database.GetProperty("state").GetString());
        Assert.Equal(
            (15, 17, 14), (Int(database, "server", "used"), Int(database, "server", "usableLimit"), Int(database, "server", "warning")));
        Assert.Equal((20, 3, 0), (Int(database, "limits", "maximum"), Int(database, "limits", "reservedForSuperusers"), Int(database, "limits", "reservedForRoles")));
        JsonElement shop = Assert.Single(database.GetProperty("databases").EnumerateArray(), each => each.GetProperty("name").GetString() == "shop");
        Assert.Equal((15, true), (Int(shop, "used"), shop.GetProperty("sizeBytes").GetInt64() > 0));
        JsonElement most = database.GetProperty("sessions")[0];
        Assert.Equal(
            ("shop", "billing", "idle in transaction", 14),
            (most.GetProperty("database").GetString(), most.GetProperty("role").GetString(), most.GetProperty("state").GetString(), most.GetProperty("count").GetInt32()));
        Assert.Equal(("127.0.0.1", 15), (database.GetProperty("topClients")[0].GetProperty("address").GetString(), Int(database.GetProperty("topClients")[0], "used")));
        // The watch is judged by the same numbers.
        Assert.Equal(15, Int(report.GetProperty("watches")[0], "server", "used"));
        Assert.DoesNotContain(AgentPassword, output + report);
    }

    [Theory]
    [InlineData(0, "--warn", "95%")]
    [InlineData(0, "--warn", "16")]
    [InlineData(1, "--warn", "80%")]
    [InlineData(1, "--warn", "15")]
    [InlineData(2, "--warn", "50%", "--critical", "85%")]
    [InlineData(2, "--critical", "15")]
    public async Task Exit_code_follows_the_usable_limit(int expected, params string[] thresholds)
    {
        await OpenSessions(14);
        (int exitCode, string output, string errors) = await Once([.. thresholds]);
        Assert.Equal((expected, ""), (exitCode, errors));
        Assert.Matches($@"^POSTGRES \w+ - 15 of 17 connections in use \(88 %\), \d+ held by TCP\|", output);
        (exitCode, output, errors) = await Once(["--databases", .. thresholds]);
        Assert.Equal((expected, ""), (exitCode, errors));
        Assert.Matches(@"; DATABASE DB1 \w+ - 15 of 17 connections in use \(88 %\)\|", output);
    }

    [Fact]
    public async Task Full_server_is_critical_with_thresholds_and_not_measured_without()
    {
        await OpenSessions(17);
        (int exitCode, string output, string errors) = await Once("--warn", "80%");
        Assert.Equal((2, ""), (exitCode, errors));
        Assert.Matches(@"^POSTGRES CRITICAL - database db1: the server refuses logins: .*, 17 held by TCP\|", output);
        JsonElement report = await Json(2, "--databases", "--critical", "95%");
        Assert.True(report.GetProperty("databases")[0].GetProperty("server").GetProperty("full").GetBoolean());
        Assert.Equal(JsonValueKind.Null, report.GetProperty("databases")[0].GetProperty("server").GetProperty("used").ValueKind);
        Assert.Equal(3, (await Once("--databases")).ExitCode);
        // As for a Consul that refuses the agent: without thresholds nothing is judged.
        (exitCode, output, _) = await Once("--output", "table");
        Assert.Equal(0, exitCode);
        Assert.Contains("the server refuses logins", output);
    }

    [Fact]
    public async Task Server_that_is_down_is_unknown_and_one_line()
    {
        await _server!.StopAsync();
        (int exitCode, string output, string errors) = await Once("--warn", "80%");
        Assert.Equal((3, ""), (exitCode, errors));
        Assert.StartsWith("POSTGRES UNKNOWN - database db1: ", output);
        (exitCode, output, errors) = await Once("--output", "json", "--databases");
        Assert.Equal(3, exitCode);
        Assert.StartsWith("agent: database db1: ", errors);
        Assert.Single(errors.TrimEnd().Split('\n'));
        Assert.NotEqual(JsonValueKind.Null, JsonElement.Parse(output).GetProperty("databases")[0].GetProperty("server").GetProperty("error").ValueKind);
    }

    [Fact]
    public async Task Process_that_holds_the_sessions_is_named_with_their_state_and_role()
    {
        Requires.Root();
        await OpenSessions(14);
        JsonElement report = await Json(0, "--databases", "--processes");
        JsonElement holders = report.GetProperty("databases")[0].GetProperty("processes").GetProperty("holders");
        JsonElement mine = Assert.Single(
            holders.EnumerateArray(), holder => holder.GetProperty("pids").EnumerateArray().Any(pid => pid.GetInt32() == Environment.ProcessId));
        Assert.Contains(
            mine.GetProperty("sessions").EnumerateArray(),
            group => group.GetProperty("role").GetString() == "billing" && group.GetProperty("count").GetInt32() == 14);
        // The agent's own session has ended, and is not one of another host.
        Assert.Equal(0, Int(report.GetProperty("databases")[0], "processes", "elsewhere"));
        (_, string output, _) = await Once("--databases", "--processes");
        Assert.Matches(@"(?s)holds\s+1[45],\s+(all|14\s+of\s+them)\s+idle\s+in\s+transaction\s+as\s+role\s+billing", output);
    }

    [Fact]
    public async Task Databases_without_a_configured_one_are_an_error() =>
        Assert.Equal(
            (64, "", "agent: --databases: no database is configured; add databases to the configuration file, set DBS_CONFIG_FILE, or remove --databases\n"),
            await AgentProcess.Run(["--once", "--databases"]));

    private Task<(int ExitCode, string Output, string Errors)> Once(params string[] arguments) =>
        AgentProcess.Run(["--once", "--config", _scratch["agent.json"], .. arguments]);

    private async Task<JsonElement> Json(int expected, params string[] arguments)
    {
        (int exitCode, string output, _) = await Once(["--output", "json", .. arguments]);
        Assert.True(exitCode == expected, output);
        return JsonElement.Parse(output);
    }

    private static int Int(JsonElement element, params string[] path) =>
        path.Aggregate(element, (inner, key) => inner.GetProperty(key)).GetInt32();

    /// <summary>Sessions of an ordinary role that stay idle in a transaction.</summary>
    private async Task OpenSessions(int count)
    {
        for (int i = 0; i < count; i++)
        {
            NpgsqlConnectionStringBuilder login = new()
            {
                Host = "127.0.0.1",
                Port = _server!.Port,
                Database = "shop",
                Username = "billing",
                Password = BillingPassword,
                Pooling = false,
            };
            NpgsqlConnection session = new(login.ConnectionString);
            _sessions.Add(session);
            await session.OpenAsync(TestContext.Current.CancellationToken);
            await using NpgsqlCommand begin = new("BEGIN", session);
            await begin.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
    }
}
