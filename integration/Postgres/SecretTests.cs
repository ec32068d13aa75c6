using Testing;

namespace Integration.Postgres;

/// <summary>The password of the agent's role, and its rights.</summary>
[StartsProgram]
public sealed class SecretTests
{
    private const string WrongPassword = "wrong, and also secret";

    [Fact]
    public async Task Wrong_password_is_reported_once_and_the_right_one_is_used_as_soon_as_it_is_in_the_file()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        await server.SetPasswordFileAsync(WrongPassword);
        using DatabaseAgent agent = new(server);
        await agent.StartAsync();
        await agent.Until(
            samples => samples.Any(sample => sample.Is("pg_up{db=\"db1\"}") && sample.Value == 0)
                && samples.Any(sample => sample.Is("pg_scrape_errors_total{db=\"db1\",error_type=\"password\"}") && sample.Value > 0),
            "the password is wrong");

        await server.SetPasswordFileAsync(DiscGolfServer.AgentPassword);

        // Without the change the agent would try again after 5 minutes, which is longer than a test waits.
        Sample[] samples = await agent.Until(("pg_up{db=\"db1\"}", 1), ("disc_golf_total_holes{db=\"db1\"}", 69));
        // The server counts a session that fails on both its connections.
        Assert.InRange(Assert.Single(samples, sample => sample.Is("pg_scrape_errors_total{error_type=\"password\"}")).Value, 1, 2);
        string reported = Assert.Single(agent.Process.Errors.Split('\n'), line => line.Contains(" fail: ", StringComparison.Ordinal));
        Assert.Contains("password", reported, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Password_appears_in_no_output()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        using DatabaseAgent agent = new(server);
        await agent.StartAsync();
        await agent.Until(("pg_up{db=\"db1\"}", 1));
        string[] outputs = [await agent.GetAsync(), await agent.GetAsync("/configz"), await OnceAsync("json"), await OnceAsync("table")];
        await server.SetPasswordFileAsync(WrongPassword);
        await server.Server.StopAsync();
        await server.Server.StartAgainAsync();
        await agent.Until(samples => samples.Any(sample => sample.Is("pg_scrape_errors_total{error_type=\"password\"}") && sample.Value > 0), "the password is wrong");
        outputs =
        [
            .. outputs, await agent.GetAsync(), await agent.GetAsync("/configz"), await OnceAsync("json"), await OnceAsync("table"),
            agent.Process.Errors, agent.Process.Output,
        ];

        Assert.All(outputs, output =>
        {
            Assert.DoesNotContain(DiscGolfServer.AgentPassword, output, StringComparison.Ordinal);
            Assert.DoesNotContain(WrongPassword, output, StringComparison.Ordinal);
        });
        Assert.Contains("passwordFile", outputs[1], StringComparison.Ordinal);

        async Task<string> OnceAsync(string format)
        {
            (_, string output, string errors) = await AgentProcess.Run(["--once", "--databases", "--output", format, "--config", agent.ConfigurationFile]);
            return output + errors;
        }
    }

    [Fact]
    public async Task Role_without_pg_monitor_sees_how_many_connections_there_are_and_not_their_states()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        await server.SqlAsync("REVOKE pg_monitor FROM agent");
        await server.OpenSessionsAsync(5);
        using DatabaseAgent agent = new(server);
        await agent.StartAsync();

        Sample[] samples = await agent.Until(
            ("pg_statistics_restricted{db=\"db1\"}", 1), ("pg_connections{db=\"db1\",database=\"db1\",state=\"unknown\"}", 5), ("pg_up{db=\"db1\"}", 1));

        // It cannot tell which connections have a backend.
        Assert.DoesNotContain(samples, sample => sample.Name == "pg_connections_without_backend");
    }
}
