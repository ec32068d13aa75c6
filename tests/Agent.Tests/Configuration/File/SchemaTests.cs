using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Agent.Configuration;
using Agent.Configuration.File;
using Testing;

namespace Agent.Tests.Configuration.File;

/// <summary>The schema for editors agrees with the agent.</summary>
public sealed class SchemaTests
{
    private const string SchemaFile = "deploy/agent.schema.json";

    // The schema and the agent must agree on each file. Errors that a schema cannot express (a name twice, a percentage without a limit) are not here.
    public static TheoryData<string, bool> Files => new()
    {
        { """{}""", true },
        { """{ "interval": "1s", "textfileDirectory": "none", "netns": 1, "$schema": "x" }""", true },
        { """{ "watches": [ { "name": "a", "ports": [1, 65535], "limit": 1, "shownClients": 0, "warning": "80%", "critical": 1 } ] }""", true },
        { """{ "watches": [ { "name": "a", "ports": [1], "limit": "none", "netns": "blue", "warning": "7" } ] }""", true },
        { """{ "watches": [ { "name": "a", "ports": [1], "limitFrom": {} } ] }""", true },
        {
            """
            { "watches": [ { "name": "a", "ports": [1], "limitFrom":
                { "consul": "https://[::1]:8501", "tokenFile": "t", "caFile": "c", "certificateFile": "c", "keyFile": "k" } } ] }
            """,
            true
        },
        { """{ "watches": [ { "name": "a", "ports": [1], "limit": "none", "totalLimit": 1, "warning": "80%" } ] }""", true },
        { """{ "watches": [ { "name": "a", "ports": [1], "limitFrom": {}, "totalLimit": 2147483647 } ] }""", true },
        { """{ "watches": [ { "name": "a", "ports": [1], "totalLimit": 0 } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1], "totalLimit": 1.5 } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1], "totalLimit": 2147483648 } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1], "totalLimit": "none" } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1], "totalLimit": null } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1], "limitFrom": {}, "limit": 5 } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1], "limitFrom": { "address": "x" } } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1], "limitFrom": { "consul": "" } } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1], "limitFrom": { "keyFile": "k" } } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1], "limitFrom": "http://127.0.0.1:8500" } ] }""", false },
        { """{ "endpoint": {} }""", true },
        { """{ "endpoint": { "listen": ["127.0.0.1"], "requestsPerMinute": 1 } }""", true },
        {
            """
            { "endpoint": { "listen": ["127.0.0.1:1", "[::1]:18500"], "tokenFile": "t", "certificateFile": "c", "keyFile": "k", "requestsPerMinute": 1000000 } }
            """,
            true
        },
        { """{ "endpoint": { "listen": [] } }""", false },
        { """{ "endpoint": { "listen": "127.0.0.1" } }""", false },
        { """{ "endpoint": { "listen": [18500] } }""", false },
        { """{ "endpoint": { "listen": [null] } }""", false },
        { """{ "endpoint": { "listen": [""] } }""", false },
        { """{ "endpoint": { "listen": ["127.0.0.1", "127.0.0.1"] } }""", false },
        { """{ "endpoint": { "listen": ["127.0.0.1"], "tokenFile": "" } }""", false },
        { """{ "endpoint": { "listen": ["127.0.0.1"], "keyFile": "k" } }""", false },
        { """{ "endpoint": { "listen": ["127.0.0.1"], "certificateFile": "c" } }""", false },
        { """{ "endpoint": { "listen": ["127.0.0.1"], "requestsPerMinute": 0 } }""", false },
        { """{ "endpoint": { "listen": ["127.0.0.1"], "requestsPerMinute": 1000001 } }""", false },
        { """{ "endpoint": { "listen": ["127.0.0.1"], "token": "sesame" } }""", false },
        { """{ "endpoint": [] }""", false },
        { """{ "watches": null }""", false },
        { """{ "interval": null }""", false },
        { """{ "netns": null }""", false },
        { """{ "endpoint": null }""", false },
        { """{ "endpoint": { "listen": null } }""", false },
        { """{ "$schema": null }""", false },
        { """{ "watches": [ null ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1], "limit": null } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [null] } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1], "limitFrom": { "consul": null } } ] }""", false },
        { """[]""", false },
        { """null""", false },
        { """{ "watch": [] }""", false },
        { """{ "interval": 1 }""", false },
        { """{ "netns": "" }""", false },
        { """{ "netns": 0 }""", false },
        { """{ "textfileDirectory": "" }""", false },
        { """{ "watches": [] }""", false },
        { """{ "watches": [ { "name": "a" } ] }""", false },
        { """{ "watches": [ { "ports": [1] } ] }""", false },
        { """{ "watches": [ { "name": "a", "unixSockets": ["/run/a", "/run/b"] } ] }""", true },
        { """{ "watches": [ { "name": "a", "ports": [1], "unixSockets": ["/run/a"] }, { "name": "b", "unixSockets": ["/run/a"] } ] }""", true },
        { """{ "watches": [ { "name": "a", "unixSockets": [] } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [], "unixSockets": ["/run/a"] } ] }""", false },
        { """{ "watches": [ { "name": "a", "unixSockets": ["run/a"] } ] }""", false },
        { """{ "watches": [ { "name": "a", "unixSockets": ["/run/a", "/run/a"] } ] }""", false },
        { """{ "watches": [ { "name": "a", "unixSockets": ["/a\u0000"] } ] }""", false },
        { $$"""{ "watches": [ { "name": "a", "unixSockets": ["/{{new string('a', 106)}}"] } ] }""", true },
        { $$"""{ "watches": [ { "name": "a", "unixSockets": ["/{{new string('a', 107)}}"] } ] }""", false },
        { """{ "watches": [ { "name": "", "ports": [1] } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [] } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [0] } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [65536] } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1, 1] } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": ["1"] } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1], "limit": 0 } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1], "limit": -1 } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1], "shownClients": -1 } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1], "limit": 9, "warning": "101%" } ] }""", false },
        { """{ "watches": [ { "name": "a", "ports": [1], "other": 1 } ] }""", false },
    };

    [Fact]
    public void Schema_has_the_keys_that_the_agent_reads()
    {
        using JsonDocument schema = JsonDocument.Parse(Repository.Read(SchemaFile));
        Assert.Equal(KeysOf(FileContext.Default.ConfigurationFile), KeysOf(schema.RootElement));
        Assert.Equal(KeysOf(FileContext.Default.WatchEntry), KeysOf(schema.RootElement.GetProperty("$defs").GetProperty("watch")));
        Assert.Equal(KeysOf(FileContext.Default.EndpointEntry), KeysOf(schema.RootElement.GetProperty("$defs").GetProperty("endpoint")));
        Assert.Equal(KeysOf(FileContext.Default.LimitFrom), KeysOf(schema.RootElement.GetProperty("$defs").GetProperty("limitFrom")));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Schema_accepts_and_rejects_the_same_files_as_the_agent(string text, bool valid)
    {
        string jsonschema = Requires.Program("jsonschema", "python3-jsonschema");
        using Scratch scratch = new();
        string path = scratch["agent.json"];
        System.IO.File.WriteAllText(path, text);

        (int exitCode, string said) = await Tool.Run(jsonschema, ["--instance", path, Repository.PathOf(SchemaFile)]);
        Assert.True(exitCode == 0 == valid, said);
        Exception? refused = Record.Exception(() => new SettingsReader(_ => null).Read(new CommandLineValues(("--config", path))));
        Assert.Equal(valid, refused is null);
        Assert.True(refused is null or ConfigurationException, $"{refused}");
    }

    private static IEnumerable<string> KeysOf(JsonTypeInfo type) => type.Properties.Select(property => property.Name).Order();

    private static IEnumerable<string> KeysOf(JsonElement schema)
    {
        Assert.False(schema.GetProperty("additionalProperties").GetBoolean());
        return schema.GetProperty("properties").EnumerateObject().Select(property => property.Name).Order();
    }
}
