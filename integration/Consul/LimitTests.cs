using System.Text.Json;
using Testing;

namespace Integration.Consul;

/// <summary>The limit that the agent reads from a real Consul equals the limit that this Consul enforces.</summary>
[StartsProgram]
public sealed class LimitTests
{
    private const string Management = "11111111-2222-3333-4444-555555555555";
    private const string Address = "127.0.0.1:8500";

    [Theory]
    [InlineData(2)]
    [InlineData(50)]
    [InlineData(199)]
    public async Task Limit_is_read_from_Consul(int limit)
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(limit);

        ConsulCensus census = await host.CountAsync([], ("CONSUL_HTTP_ADDR", Address));

        Assert.Equal((0, "", limit), (census.ExitCode, census.Errors, census.Limit));
        Assert.Equal($"consul at http://{Address}", census.Watch.GetProperty("limitSource").GetString());
        Assert.Equal(limit, host.Clients.FreeSlots());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(-200)]
    public async Task Consul_without_a_limit_is_reported_without_one(int none)
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(none);
        host.Clients.KeepAlive(ConsulClients.Unlimited);

        ConsulCensus census = await host.CountAsync([], ("CONSUL_HTTP_ADDR", Address));

        Assert.Equal((0, "", null), (census.ExitCode, census.Errors, census.Limit));
        Assert.Equal(ConsulClients.Unlimited, census.HeldBy("127.0.0.1"));
        Assert.Equal(ConsulClients.Unlimited, host.Clients.FreeSlots());
    }

    [Fact]
    public async Task Request_for_the_limit_is_not_counted()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(50);
        host.Clients.KeepAlive(49);

        for (int i = 0; i < 10; i++)
        {
            ConsulCensus census = await host.CountAsync([], ("CONSUL_HTTP_ADDR", Address));
            Assert.Equal((49, 50), (census.HeldBy("127.0.0.1"), census.Limit));
        }
    }

    [Fact]
    public async Task New_limit_of_a_restarted_Consul_is_read()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(50);
        Assert.Equal(50, (await host.CountAsync([], ("CONSUL_HTTP_ADDR", Address))).Limit);

        await host.StartConsulAsync(60);

        Assert.Equal(60, (await host.CountAsync([], ("CONSUL_HTTP_ADDR", Address))).Limit);
        Assert.Equal(60, host.Clients.FreeSlots());
    }

    [Fact]
    public async Task Reloaded_Consul_still_reports_its_old_limit_and_limit_option_overrides_it()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(50);
        host.Clients.KeepAlive(30);
        host.Consul.Reload(20);
        // The new limit is in force: Consul keeps the connections beyond it and accepts no more.
        await Poll.Until(() => host.Clients.FreeSlots() == 0, "the new limit is in force");

        ConsulCensus given = await host.CountAsync(["--limit", "20", "--warn", "80%", "--critical", "95%"]);

        Assert.Equal((2, 30, 20), (given.ExitCode, given.HeldBy("127.0.0.1"), given.Limit));
        Assert.Equal(150, given.Watch.GetProperty("topClients")[0].GetProperty("percentOfLimit").GetInt32());
        // The request comes from an address that holds no connections.
        Assert.Contains("\"HTTPMaxConnsPerClient\":50", host.Clients.Call("GET /v1/agent/self").Body.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        host.Clients.Dispose();
        Assert.Equal(50, (await host.CountAsync([], ("CONSUL_HTTP_ADDR", Address))).Limit);
    }

    [Theory]
    [InlineData("""agent_prefix "" { policy = "read" }""", true)]
    [InlineData("""agent "test" { policy = "read" }""", true)]
    [InlineData("""agent_prefix "" { policy = "write" }""", true)]
    [InlineData("""node_prefix "" { policy = "read" }""", false)]
    [InlineData("""agent "other" { policy = "read" }""", false)]
    [InlineData("""agent_prefix "" { policy = "deny" }""", false)]
    public async Task Token_needs_agent_read_permission(string rules, bool suffices)
    {
        using HostWithConsul host = await StartWithAclsAsync();
        string token = await MakeToken(host, rules);
        host.Clients.KeepAlive(50, "127.0.0.2");

        ConsulCensus census = await host.CountAsync(["--warn", "80%", "--critical", "95%"], ("CONSUL_HTTP_ADDR", Address), ("CONSUL_HTTP_TOKEN", token));

        Assert.Equal(50, census.HeldBy("127.0.0.2"));
        if (suffices)
        {
            Assert.Equal((2, 50, ""), (census.ExitCode, census.Limit, census.Errors));
        }
        else
        {
            AssertUnknown(census, "agent:read");
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("99999999-2222-3333-4444-555555555555")]
    [InlineData("no-token")]
    public async Task Limit_is_unknown_without_a_valid_token(string? token)
    {
        using HostWithConsul host = await StartWithAclsAsync();
        host.Clients.KeepAlive(50, "127.0.0.2");
        List<(string, string)> variables = [("CONSUL_HTTP_ADDR", Address)];
        if (token is not null)
        {
            variables.Add(("CONSUL_HTTP_TOKEN", token));
        }

        ConsulCensus census = await host.CountAsync(["--warn", "80%", "--critical", "95%"], variables);

        AssertUnknown(census, "403");
    }

    private static void AssertUnknown(ConsulCensus census, string reason)
    {
        Assert.Equal((3, null), (census.ExitCode, census.Limit));
        Assert.Equal("unknown", census.Watch.GetProperty("state").GetString());
        Assert.Contains(reason, Assert.Single(census.Errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    private static async Task<HostWithConsul> StartWithAclsAsync()
    {
        HostWithConsul host = await HostWithConsul.StartAsync(50, $$"""
            "primary_datacenter": "dc1",
            "acl": { "enabled": true, "default_policy": "deny", "tokens": { "master": "{{Management}}" } }
            """);
        // Consul enables its ACLs a moment after it has a leader.
        await Poll.Until(() => host.Clients.Call("GET /v1/acl/tokens", token: Management).Status == 200, "Consul has enabled its ACLs");
        return host;
    }

    private static async Task<string> MakeToken(HostWithConsul host, string rules)
    {
        string policy = $$"""{ "Name": "rules", "Rules": {{JsonSerializer.Serialize(rules)}} }""";
        await Poll.Until(() => host.Clients.Call("PUT /v1/acl/policy", policy, Management).Status == 200, "Consul accepts the policy");
        (int status, string body) = host.Clients.Call("PUT /v1/acl/token", """{ "Policies": [ { "Name": "rules" } ] }""", Management);
        Assert.True(status == 200, body);
        using JsonDocument token = JsonDocument.Parse(body);
        return token.RootElement.GetProperty("SecretID").GetString()!;
    }
}
