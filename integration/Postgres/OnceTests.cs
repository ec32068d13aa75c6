using System.Text.Json;
using Testing;

namespace Integration.Postgres;

/// <summary><c>agent --once --databases</c>, for people and for checks.</summary>
[StartsProgram]
public sealed class OnceTests
{
    private const int Usable = DiscGolfServer.MaxConnections - 3;

    [Fact]
    public async Task Json_and_table_show_limits_roles_states_and_clients()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        await server.OpenSessionsAsync(9);
        using DatabaseAgent agent = new(server);

        (int exitCode, string output, string errors) = await Once(agent, "--output", "json");

        Assert.Equal((0, ""), (exitCode, errors));
        using JsonDocument json = JsonDocument.Parse(output);
        JsonElement database = Assert.Single(json.RootElement.GetProperty("databases").EnumerateArray());
        Assert.Equal("db1", database.GetProperty("name").GetString());
        Assert.Equal(Usable, database.GetProperty("server").GetProperty("usableLimit").GetInt32());
        // The agent itself has one or two connections at that moment.
        Assert.InRange(database.GetProperty("server").GetProperty("used").GetInt32(), 10, 11);
        Assert.Equal(DiscGolfServer.MaxConnections, database.GetProperty("limits").GetProperty("maximum").GetInt32());
        Assert.Contains(
            database.GetProperty("sessions").EnumerateArray(),
            sessions => (sessions.GetProperty("role").GetString(), sessions.GetProperty("state").GetString(), sessions.GetProperty("count").GetInt32()) == ("app", "idle", 9));
        Assert.Contains(database.GetProperty("limitedRoles").EnumerateArray(), role => role.GetProperty("limit").GetInt32() == 3);

        (exitCode, output, errors) = await Once(agent, "--output", "table");

        Assert.Equal((0, ""), (exitCode, errors));
        Assert.All((string[])["db1", "app", "idle", "127.0.0.1", $"{Usable}"], text => Assert.Contains(text, output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Processes_of_the_sessions_on_this_host_are_named()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        await server.OpenSessionsAsync(9);
        using DatabaseAgent agent = new(server);

        (int exitCode, string output, string errors) = await Once(agent, "--processes", "--output", "json");

        Assert.Equal((0, ""), (exitCode, errors));
        using JsonDocument json = JsonDocument.Parse(output);
        JsonElement holder = Assert.Single(
            json.RootElement.GetProperty("databases")[0].GetProperty("processes").GetProperty("holders").EnumerateArray(),
            holder => holder.GetProperty("pids").EnumerateArray().Any(pid => pid.GetInt32() == Environment.ProcessId));
        Assert.InRange(holder.GetProperty("used").GetInt32(), 9, 11);
    }

    [Theory]
    [InlineData(0, "--warn", "80%", "--critical", "95%")]
    [InlineData(1, "--warn", "50%", "--critical", "95%")]
    [InlineData(2, "--warn", "40%", "--critical", "50%")]
    public async Task Thresholds_are_parts_of_the_usable_limit(int expected, params string[] thresholds)
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        await server.OpenSessionsAsync(9);
        using DatabaseAgent agent = new(server);

        (int exitCode, string output, _) = await Once(agent, [.. thresholds, "--output", "check"]);

        Assert.True(exitCode == expected, output);
    }

    [Fact]
    public async Task Full_server_is_critical()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        await server.OpenSessionsAsync(Usable);
        using DatabaseAgent agent = new(server);

        (int exitCode, string output, _) = await Once(agent, "--warn", "80%", "--output", "check");

        Assert.True(exitCode == 2, output);
        Assert.Contains("CRITICAL", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_that_does_not_answer_is_unknown()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        using DatabaseAgent agent = new(server);
        await server.Server.StopAsync();

        (int exitCode, string output, _) = await Once(agent, "--warn", "80%", "--output", "check");

        Assert.True(exitCode == 3, output);
        Assert.Contains("UNKNOWN", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_of_the_configuration_logs_in_and_prepares_each_query_without_running_it()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        await server.SqlAsync("CREATE SEQUENCE runs; GRANT USAGE ON SEQUENCE runs TO agent");
        using DatabaseAgent agent = new(server);
        agent.Queries.Add(DatabaseAgent.Query("runs", "SELECT nextval('runs') AS run"));

        (int exitCode, string output, string errors) = await agent.RunAsync("check-config", "--databases", agent.ConfigurationFile);

        Assert.True(exitCode == 0, output + errors);
        Assert.Equal("f", await server.SqlAsync("SELECT is_called FROM runs"));

        agent.Queries.Add(DatabaseAgent.Query("wrong", "SELECT no_such_column FROM courses"));
        (exitCode, output, errors) = await agent.RunAsync("check-config", "--databases", agent.ConfigurationFile);

        Assert.NotEqual(0, exitCode);
        Assert.Contains("no_such_column", output + errors, StringComparison.Ordinal);
    }

    private static Task<(int ExitCode, string Output, string Errors)> Once(DatabaseAgent agent, params string[] options) =>
        agent.RunAsync(["--once", "--databases", "--config", agent.ConfigurationFile, .. options]);
}
