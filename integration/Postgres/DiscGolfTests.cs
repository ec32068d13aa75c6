using System.Text.Json.Nodes;
using Testing;

namespace Integration.Postgres;

/// <summary>Two databases on two servers, and the queries of the disc golf courses.</summary>
[StartsProgram]
public sealed class DiscGolfTests
{
    // What stays of a database that does not answer. The limits are the last known ones.
    private static readonly string[] WithoutAnswer =
    [
        "pg_up", "pg_scrape_success", "pg_scrape_duration_seconds", "pg_scrape_errors_total", "pg_quarantined", "pg_query_success", "pg_query_quarantined",
        "pg_query_last_success_timestamp_seconds", "pg_login_success", "pg_connections_limit", "pg_connections_usable_limit", "pg_connections_reserved",
    ];

    [Fact]
    public async Task Configuration_of_the_compose_file_is_valid()
    {
        (int exitCode, _, string errors) = await AgentProcess.Run(["check-config", Repository.PathOf("deploy/postgres/agent.json")]);

        Assert.Equal((0, ""), (exitCode, errors));
    }

    [Theory]
    [InlineData("pass")]
    [InlineData("password")]
    public async Task Password_in_the_configuration_is_refused_and_not_repeated(string key)
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        using DatabaseAgent agent = new(server);
        JsonObject database = agent.Databases[0]!.AsObject();
        database.Remove("passwordFile");
        database[key] = DiscGolfServer.AgentPassword;

        (int exitCode, string output, string errors) = await agent.RunAsync("check-config", agent.ConfigurationFile);

        Assert.Equal((64, ""), (exitCode, output));
        Assert.Contains("passwordFile", Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.DoesNotContain(DiscGolfServer.AgentPassword, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Queries_of_the_compose_file_run_on_two_databases_and_every_parser_accepts_the_metrics()
    {
        await using DiscGolfServer one = await DiscGolfServer.StartAsync("db1");
        await using DiscGolfServer two = await DiscGolfServer.StartAsync("db2");
        using DatabaseAgent agent = new(one, two);
        TakeQueriesOfTheComposeFile(agent);
        await agent.StartAsync();

        Sample[] samples = await agent.Until(
            ("disc_golf_total_holes{db=\"db1\"}", 69), ("disc_golf_total_holes{db=\"db2\"}", 30),
            ("disc_golf_total_courses{db=\"db1\"}", 4), ("disc_golf_course_count_by_location{db=\"db1\",location=\"Oulu\"}", 2),
            ("disc_golf_holes_by_location{db=\"db1\",location=\"Oulu\"}", 42), ("disc_golf_holes_by_location{db=\"db2\",location=\"Lahti\"}", 12),
            ("pg_up{db=\"db1\"}", 1), ("pg_up{db=\"db2\"}", 1), ("pg_scrape_success{db=\"db1\"}", 1), ("pg_scrape_success{db=\"db2\"}", 1));

        Assert.DoesNotContain(samples, sample => sample.Is("disc_golf_holes_by_location{db=\"db2\",location=\"Oulu\"}"));
        Assert.All(
            (string[])["pg_scrape_duration_seconds{db=\"db1\"}", "pg_database_size_bytes{db=\"db1\",database=\"db1\"}", "pg_active_connections{db=\"db1\"}",
                "exporter_scrape_duration_seconds", "exporter_errors_total", "pg_login_success{db=\"db2\"}"],
            name => Assert.Contains(samples, sample => sample.Is(name)));
        Assert.Equal(
            (0, ""), await Tool.Run(Requires.Program("promtool", "prometheus"), ["check", "metrics"], await agent.GetAsync()));
        (int exitCode, string output) = await OpenMetricsParser.Parse(await agent.GetAsync(accept: "application/openmetrics-text"));
        Assert.True(exitCode == 0, output);
        Assert.Contains("disc_golf_total_holes gauge 2", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stopped_server_takes_only_its_own_series_away()
    {
        await using DiscGolfServer one = await DiscGolfServer.StartAsync("db1");
        await using DiscGolfServer two = await DiscGolfServer.StartAsync("db2");
        using DatabaseAgent agent = new(one, two);
        await agent.StartAsync();
        await agent.Until(("disc_golf_total_holes{db=\"db1\"}", 69), ("disc_golf_total_holes{db=\"db2\"}", 30));

        await two.Server.StopAsync();

        Sample[] samples = await agent.Until(
            samples => samples.Any(sample => sample.Is("pg_up{db=\"db2\"}") && sample.Value == 0)
                && !samples.Any(sample => sample.Is("disc_golf_total_holes{db=\"db2\"}")),
            "db2 is down and its numbers are gone");
        Assert.Empty(samples.Where(sample => sample.Labels.Contains("db=\"db2\"")).Select(sample => sample.Name).Except(WithoutAnswer));
        Assert.Contains(samples, sample => sample.Is("pg_scrape_errors_total{db=\"db2\",error_type=\"refused\"}") && sample.Value > 0);
        Assert.Contains(samples, sample => sample.Is("pg_scrape_success{db=\"db2\"}") && sample.Value == 0);
        await agent.Until(("disc_golf_total_holes{db=\"db1\"}", 69), ("pg_up{db=\"db1\"}", 1), ("pg_scrape_success{db=\"db1\"}", 1));

        await two.Server.StartAgainAsync();

        await agent.Until(("disc_golf_total_holes{db=\"db2\"}", 30), ("pg_up{db=\"db2\"}", 1));
    }

    [Fact]
    public async Task Changed_queries_file_takes_effect_and_an_invalid_one_changes_nothing()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        using DatabaseAgent agent = new(server);
        agent.Configuration.Remove("queries");
        agent.Configuration["queriesFile"] = agent["queries.json"];
        Write(DatabaseAgent.Query("disc_golf_total_holes", "SELECT sum(hole_count) AS total_holes FROM courses").ToJsonString());
        await agent.StartAsync();
        await agent.Until(("disc_golf_total_holes{db=\"db1\"}", 69));

        Write(DatabaseAgent.Query("disc_golf_total_courses", "SELECT count(*) AS total_courses FROM courses").ToJsonString());
        Sample[] samples = await agent.Until(("disc_golf_total_courses{db=\"db1\"}", 4));
        Assert.DoesNotContain(samples, sample => sample.Name == "disc_golf_total_holes" || sample.Is("pg_query_success{query=\"disc_golf_total_holes\"}"));

        string before = agent.Process.Errors;
        Write("this is not JSON");
        await Poll.Until(() => agent.Process.Errors[before.Length..].Contains("queries.json", StringComparison.Ordinal), "the log names the invalid file");
        await agent.Until(("disc_golf_total_courses{db=\"db1\"}", 4), ("pg_query_success{db=\"db1\",query=\"disc_golf_total_courses\"}", 1));

        void Write(string query)
        {
            File.WriteAllText(agent["new"], $"[{query}]");
            File.Move(agent["new"], agent["queries.json"], overwrite: true);
        }
    }

    private static void TakeQueriesOfTheComposeFile(DatabaseAgent agent)
    {
        JsonNode file = JsonNode.Parse(
            Repository.Read("deploy/postgres/agent.json"), documentOptions: new() { CommentHandling = System.Text.Json.JsonCommentHandling.Skip })!;
        agent.Configuration["queries"] = file["queries"]!.DeepClone();
    }
}
