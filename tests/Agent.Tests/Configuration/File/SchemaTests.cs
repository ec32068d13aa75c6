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
        { DatabaseWith(""), true },
        {
            DatabaseWith(""", "port": 1, "passwordFile": "p", "tls": "verify-ca", "caFile": "c", "interval": "1s", "timeout": "1m", "sizeInterval": "24h", "shownClients": 0, "maxSeries": 1"""),
            true
        },
        { DatabaseWith(""", "passwordVariable": "DB_1", "tls": "off" """), true },
        { DatabaseWith(""", "tls": "require" """), true },
        { DatabaseWith(""", "tls": "verify-full" """), true },
        { DatabaseWith(""", "tls": "on" """), false },
        { DatabaseWith(""", "tls": false"""), false },
        { DatabaseWith(""", "pass": "sesame" """), false },
        { DatabaseWith(""", "password": "sesame" """), false },
        { DatabaseWith(""", "passwordFile": "" """), false },
        { DatabaseWith(""", "passwordVariable": "1" """), false },
        { DatabaseWith(""", "passwordFile": "p", "passwordVariable": "P" """), false },
        { DatabaseWith(""", "port": 0"""), false },
        { DatabaseWith(""", "port": 65536"""), false },
        { DatabaseWith(""", "caFile": "" """), false },
        { DatabaseWith(""", "interval": 1"""), false },
        { DatabaseWith(""", "shownClients": -1"""), false },
        { DatabaseWith(""", "maxSeries": 0"""), false },
        { DatabaseWith(""", "maxSeries": 10001"""), false },
        { DatabaseWith(""", "other": 1"""), false },
        { """{ "databases": [] }""", false },
        { """{ "databases": {} }""", false },
        { """{ "databases": null }""", false },
        { """{ "databasesFile": "" }""", false },
        { """{ "queriesFile": "" }""", false },
        { """{ "queriesFile": [] }""", false },
        { """{ "databases": [ { "host": "h", "database": "d", "user": "u" } ] }""", false },
        { """{ "databases": [ { "name": "a", "database": "d", "user": "u" } ] }""", false },
        { """{ "databases": [ { "name": "a", "host": "h", "user": "u" } ] }""", false },
        { """{ "databases": [ { "name": "a", "host": "h", "database": "d" } ] }""", false },
        { """{ "databases": [ { "name": "", "host": "h", "database": "d", "user": "u" } ] }""", false },
        { """{ "databases": [ { "name": "a\nb", "host": "h", "database": "d", "user": "u" } ] }""", false },
        { """{ "databases": [ { "name": "a", "host": "", "database": "d", "user": "u" } ] }""", false },
        { """{ "databases": [ { "name": "a", "host": "u:sesame@h", "database": "d", "user": "u" } ] }""", false },
        { """{ "databases": [ { "name": "a", "host": "h", "database": "", "user": "u" } ] }""", false },
        { """{ "databases": [ { "name": "a", "host": "h", "database": "d", "user": "\u0000" } ] }""", false },
        { DatabaseWith("", """, "watches": [ { "name": "w", "ports": [1], "limitFrom": { "database": "a" }, "limit": 5 } ]"""), true },
        { DatabaseWith("", """, "watches": [ { "name": "w", "ports": [1], "limitFrom": { "database": "a" }, "warning": "80%" } ]"""), true },
        { DatabaseWith("", """, "watches": [ { "name": "w", "ports": [1], "limitFrom": { "database": "a" }, "totalLimit": 5 } ]"""), false },
        { DatabaseWith("", """, "watches": [ { "name": "w", "ports": [1], "limitFrom": { "database": "a", "consul": "c" } } ]"""), false },
        { DatabaseWith("", """, "watches": [ { "name": "w", "ports": [1], "limitFrom": { "database": "" } } ]"""), false },
        { QueryWith("n", ""), true },
        {
            QueryWith("n", """, "type": "gauge", "labels": ["x"], "valueField": "v", "interval": "1m", "timeout": "2s", "databases": ["a"], "maxSeries": 1"""), true
        },
        { QueryWith("n_total", """, "type": "counter", "labels": []"""), true },
        { QueryWith("n", """, "type": "counter" """), false },
        { QueryWith("_total", """, "type": "counter" """), false },
        { QueryWith("n_total", ""), false },
        { QueryWith("n_total", """, "type": "histogram" """), false },
        { QueryWith("n", """, "type": "histogram", "bucketField": "b", "sumField": "s", "labels": ["quantile"]"""), true },
        { QueryWith("n", """, "type": "summary", "bucketField": "q", "sumField": "s", "countField": "c", "labels": ["le"]"""), true },
        { QueryWith("n", """, "type": "histogram", "countField": "c" """), false },
        { QueryWith("n", """, "bucketField": "b" """), false },
        { QueryWith("n", """, "sumField": "s" """), false },
        { QueryWith("n", """, "type": "histogram", "labels": ["le"]"""), false },
        { QueryWith("n", """, "type": "summary", "labels": ["quantile"]"""), false },
        { QueryWith("n", """, "type": "info" """), false },
        { QueryWith("n", """, "labels": ["db"]"""), false },
        { QueryWith("n", """, "labels": ["dbx", "xdb"]"""), true },
        { QueryWith("n", """, "labels": ["__x"]"""), false },
        { QueryWith("n", """, "labels": ["x", "x"]"""), false },
        { QueryWith("n", """, "labels": ["x:y"]"""), false },
        { QueryWith("n", """, "valueField": "" """), false },
        { QueryWith("n", """, "databases": []"""), false },
        { QueryWith("n", """, "databases": ["a", "a"]"""), false },
        { QueryWith("n", """, "maxSeries": 0"""), false },
        { QueryWith("n", """, "sql": "x" """), false },
        { QueryWith("", ""), false },
        { QueryWith("1n", ""), false },
        { QueryWith("a:b", ""), false },
        { DatabaseWith("", """, "queries": []"""), false },
        { DatabaseWith("", """, "queries": [ { "name": "n", "query": "SELECT 1" } ]"""), false },
        { DatabaseWith("", """, "queries": [ { "name": "n", "help": "", "query": "SELECT 1" } ]"""), false },
        { DatabaseWith("", """, "queries": [ { "name": "n", "help": "a\\b", "query": "SELECT 1" } ]"""), false },
        { DatabaseWith("", """, "queries": [ { "name": "n", "help": "a\nb", "query": "SELECT 1" } ]"""), false },
        { DatabaseWith("", """, "queries": [ { "name": "n", "help": "h", "query": " " } ]"""), false },
        { DatabaseWith("", """, "queries": [ { "name": "n", "help": "h" } ]"""), false },
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
        Assert.Equal(KeysOf(FileContext.Default.DatabaseEntry), KeysOf(schema.RootElement.GetProperty("$defs").GetProperty("database")));
        Assert.Equal(KeysOf(FileContext.Default.QueryEntry), KeysOf(schema.RootElement.GetProperty("$defs").GetProperty("query")));
        Assert.Equal(
            KeysOf(FileContext.Default.DatabasesFile), KeysOf(schema.RootElement.GetProperty("$defs").GetProperty("databasesFile").GetProperty("anyOf")[1]));
        Assert.Equal(
            KeysOf(FileContext.Default.QueriesFile), KeysOf(schema.RootElement.GetProperty("$defs").GetProperty("queriesFile").GetProperty("anyOf")[1]));
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

    private static string DatabaseWith(string settings, string others = "") =>
        $$"""{ "databases": [ { "name": "a", "host": "h", "database": "d", "user": "u"{{settings}} } ]{{others}} }""";

    private static string QueryWith(string name, string settings) =>
        DatabaseWith("", $$""", "queries": [ { "name": "{{name}}", "help": "Help", "query": "SELECT 1"{{settings}} } ]""");

    private static IEnumerable<string> KeysOf(JsonTypeInfo type) => type.Properties.Select(property => property.Name).Order();

    private static IEnumerable<string> KeysOf(JsonElement schema)
    {
        Assert.False(schema.GetProperty("additionalProperties").GetBoolean());
        return schema.GetProperty("properties").EnumerateObject().Select(property => property.Name).Order();
    }
}
