using System.Text;
using System.Text.Json;
using Testing;

namespace Agent.Tests.Deploy;

public sealed class DashboardTests
{
    [Fact]
    public void Dashboard_has_a_format_that_every_Grafana_imports()
    {
        JsonElement dashboard = Dashboard.Read();

        // The last version of the classic format. Later versions of Grafana still read it, and earlier ones ignore unknown fields.
        Assert.Equal(42, dashboard.GetProperty("schemaVersion").GetInt32());
        Assert.Equal("connection-agent", dashboard.GetProperty("uid").GetString());
        // Nothing belongs to the Grafana in which the dashboard was made.
        Assert.False(dashboard.TryGetProperty("id", out _));
        Assert.False(dashboard.TryGetProperty("__inputs", out _));
    }

    [Fact]
    public void Data_source_hosts_and_watches_are_variables()
    {
        JsonElement[] variables = [.. Dashboard.Read().GetProperty("templating").GetProperty("list").EnumerateArray()];

        Assert.Equal(["datasource", "instance", "watch"], variables.Select(variable => variable.GetProperty("name").GetString()));
        Assert.Equal("prometheus", variables[0].GetProperty("query").GetString());
        Assert.All(variables[1..], variable =>
        {
            string name = variable.GetProperty("name").GetString()!;
            Assert.StartsWith("label_values(", variable.GetProperty("query").GetProperty("query").GetString(), StringComparison.Ordinal);
            Assert.EndsWith($", {name})", variable.GetProperty("query").GetProperty("query").GetString(), StringComparison.Ordinal);
            Assert.True(variable.GetProperty("multi").GetBoolean());
            Assert.True(variable.GetProperty("includeAll").GetBoolean());
        });
    }

    [Fact]
    public void Every_panel_has_a_unique_id()
    {
        int[] ids = [.. Dashboard.Read().GetProperty("panels").EnumerateArray().Select(panel => panel.GetProperty("id").GetInt32())];

        Assert.Equal(ids.Distinct(), ids);
    }

    [Fact]
    public void Every_panel_queries_the_chosen_data_source_and_hosts() => Assert.All(Dashboard.Panels(), panel =>
    {
        Assert.Equal("${datasource}", panel.GetProperty("datasource").GetProperty("uid").GetString());
        JsonElement[] targets = [.. panel.GetProperty("targets").EnumerateArray()];
        Assert.NotEmpty(targets);
        Assert.All(targets, target => Assert.Contains("$instance", target.GetProperty("expr").GetString(), StringComparison.Ordinal));
    });

    [Fact]
    public void Every_panel_has_a_title_a_description_and_a_unit() => Assert.All(Dashboard.Panels(), panel =>
    {
        Assert.NotEqual("", panel.GetProperty("title").GetString());
        Assert.NotEqual("", panel.GetProperty("description").GetString());
        Assert.NotEqual("", panel.GetProperty("fieldConfig").GetProperty("defaults").GetProperty("unit").GetString());
    });

    [Fact]
    public void Share_of_the_limit_changes_its_color_at_the_thresholds_of_the_alerts()
    {
        JsonElement[] shares =
        [
            .. Dashboard.Panels()
                .Where(panel => panel.GetProperty("targets")[0].GetProperty("expr").GetString()!
                    .Contains("_connections_limit, 1)", StringComparison.Ordinal))
                .Select(panel => panel.GetProperty("fieldConfig").GetProperty("defaults")),
        ];

        Assert.NotEmpty(shares);
        Assert.All(shares, share =>
        {
            Assert.Equal("percentunit", share.GetProperty("unit").GetString());
            Assert.Equal(
                [null, 0.8, 0.95],
                share.GetProperty("thresholds").GetProperty("steps").EnumerateArray()
                    .Select(step => step.GetProperty("value").Deserialize<double?>()));
        });
    }

    [Fact]
    public async Task Every_expression_is_valid_PromQL()
    {
        // Written as recording rules, which promtool checks. A JSON string is a YAML string.
        StringBuilder rules = new("groups:\n  - name: dashboard\n    rules:\n");
        foreach (string expression in Dashboard.Expressions())
        {
            rules.Append("      - record: expression\n        expr: ").Append(JsonSerializer.Serialize(expression)).Append('\n');
        }

        using Scratch scratch = new();
        await File.WriteAllTextAsync(scratch["rules.yml"], rules.ToString(), TestContext.Current.CancellationToken);

        (int exitCode, string output) = await Tool.Run(
            Requires.Program("promtool", "prometheus"), ["check", "rules", "--lint=none", scratch["rules.yml"]]);

        Assert.True(exitCode == 0, output);
    }
}
