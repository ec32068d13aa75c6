using Agent.Configuration;
using Agent.Postgres;
using Testing;

namespace Agent.Tests.Configuration;

public sealed class QueryReaderTests : IDisposable
{
    private const string Databases = "\"databases\": [ { \"name\": \"a\", \"host\": \"h\", \"database\": \"d\", \"user\": \"u\", \"maxSeries\": 300 }, "
        + "{ \"name\": \"b\", \"host\": \"h\", \"database\": \"d\", \"user\": \"u\" } ]";

    private readonly Scratch _scratch = new();

    private string Config => _scratch["agent.json"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Every_key_is_read()
    {
        Settings settings = Read("""
            { "name": "holes", "help": "Holes by location", "type": "gauge", "labels": ["location", "kind"], "valueField": "n", "query": "SELECT 1",
              "interval": "1m", "timeout": "2s", "databases": ["b"], "maxSeries": 100 }
            """);
        Assert.Empty(settings.Databases[0].Queries);
        Query query = Assert.Single(settings.Databases[1].Queries);
        Assert.Equal(("holes", "Holes by location", QueryType.Gauge, "SELECT 1"), (query.Name, query.Help, query.Type, query.Sql));
        Assert.Equal(["location", "kind"], query.Labels);
        Assert.Equal(
            ("n", null, null, null, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(2), 100),
            (query.ValueField, query.BucketField, query.SumField, query.CountField, query.Interval, query.Timeout, query.MaxSeries));
        Assert.Equal(
            [
                ("type", "gauge", 2), ("labels", "location,kind", 2), ("valueField", "n", 2), ("interval", "1m", 3), ("timeout", "2s", 3),
                ("maxSeries", "100", 3), ("databases", "b", 3),
            ],
            settings.Effective.Where(setting => setting.Name.StartsWith("queries.holes.", StringComparison.Ordinal))
                .Select(setting => (setting.Name["queries.holes.".Length..], setting.Value, int.Parse(setting.Origin[(Config.Length + 1)..]))));
        Assert.DoesNotContain(settings.Effective, setting => setting.Value.Contains("SELECT"));
    }

    [Fact]
    public void Missing_keys_have_defaults()
    {
        Settings settings = Read("""{ "name": "n", "help": "h", "query": "SELECT 1" }""");
        // A query may produce no more series than its database.
        Assert.Equal([300, 1000], settings.Databases.Select(database => Assert.Single(database.Queries).MaxSeries));
        Query query = settings.Databases[0].Queries[0];
        Assert.Equal(QueryType.Gauge, query.Type);
        Assert.Empty(query.Labels);
        Assert.Equal((null, null, null, null), (query.ValueField, query.BucketField, query.Interval, query.Timeout));
    }

    [Theory]
    [InlineData("histogram", "", "le", null, null)]
    [InlineData("histogram", ", \"bucketField\": \"bound\", \"sumField\": \"s\"", "bound", "s", null)]
    [InlineData("summary", "", "quantile", null, null)]
    [InlineData("summary", ", \"bucketField\": \"q\", \"sumField\": \"s\", \"countField\": \"c\"", "q", "s", "c")]
    public void Columns_of_histograms_and_summaries_are_read(string type, string more, string bucket, string? sum, string? count)
    {
        Query query = Read($"{{ \"name\": \"n\", \"help\": \"h\", \"type\": \"{type}\", \"query\": \"SELECT 1\"{more} }}").Databases[0].Queries[0];
        Assert.Equal((bucket, sum, count), (query.BucketField, query.SumField, query.CountField));
    }

    [Fact]
    public void Queries_keep_their_order_on_each_database()
    {
        Settings settings = Read("""
            { "name": "x", "help": "h", "query": "SELECT 1" }, { "name": "y", "help": "h", "query": "SELECT 1", "databases": ["a"] },
            { "name": "z_total", "type": "counter", "help": "h", "query": "SELECT 1" }
            """);
        Assert.Equal([["x", "y", "z_total"], ["x", "z_total"]], settings.Databases.Select(database => database.Queries.Select(query => query.Name)));
    }

    [Theory]
    [InlineData("\"help\": \"h\", \"query\": \"q\"", "name: is missing; every entry of the list needs one")]
    [InlineData("\"name\": \"n\", \"query\": \"q\"", "help: is missing; every entry of the list needs one")]
    [InlineData("\"name\": \"n\", \"help\": \"h\"", "query: is missing; every entry of the list needs one")]
    [InlineData("\"name\": \"\", \"help\": \"h\"", "name: '' is not the name of a metric; give a name of letters, digits and underscores that begins with no digit")]
    [InlineData("\"name\": \"1n\", \"help\": \"h\"", "name: '1n' is not the name of a metric; give a name of letters, digits and underscores that begins with no digit")]
    [InlineData("\"name\": \"h\u00f6he\", \"help\": \"h\"", "name: 'h\u00f6he' is not the name of a metric; give a name of letters, digits and underscores that begins with no digit")]
    [InlineData("\"name\": \"a:b\", \"help\": \"h\"", "name: 'a:b' has a colon, which is for recording rules; write _ instead")]
    [InlineData("\"name\": \"n\", \"type\": \"counter\"", "name: 'n' is a counter, and its name must end in _total; rename it, or make it a gauge")]
    [InlineData("\"name\": \"_total\", \"type\": \"counter\"", "name: '_total' is a counter, and its name must end in _total; rename it, or make it a gauge")]
    [InlineData("\"name\": \"n_total\", \"help\": \"h\"", "name: 'n_total' ends in _total, which is for counters; rename it, or make it a counter")]
    [InlineData("\"name\": \"n\", \"type\": \"Gauge\"", "type: 'Gauge' is not a type of metric; write gauge, counter, histogram or summary")]
    [InlineData("\"name\": \"n\", \"help\": \" \"", "help: it is empty; say in a few words what the number is")]
    [InlineData("\"name\": \"n\", \"help\": \"a\\\\b\"", "help: it has a backslash, a line break or another control character; write it in one line without them")]
    [InlineData("\"name\": \"n\", \"help\": \"a\\nb\"", "help: it has a backslash, a line break or another control character; write it in one line without them")]
    [InlineData("\"name\": \"n\", \"help\": \"h\", \"labels\": \"x\"", "labels: wrong type of value; docs/configuration.md shows the right one")]
    public void Missing_or_invalid_text_is_rejected(string settings, string message) =>
        Assert.Equal($"{Config}:2: queries[0].{message}", Wrong($"{{ {settings} }}"));

    [Theory]
    [InlineData("\"labels\": [\"a-b\"]", "labels: 'a-b' is not the name of a label; give a name of letters, digits and underscores that begins with no digit, with AS in the query")]
    [InlineData("\"labels\": [\"__a\"]", "labels: '__a' begins with two underscores, which Prometheus keeps for itself; give the column another name with AS in the query")]
    [InlineData("\"labels\": [\"db\"]", "labels: the agent adds the label db itself; give the column another name with AS in the query")]
    [InlineData("\"labels\": [\"x\", \"y\", \"x\"]", "labels: 'x' is given twice; name it once")]
    [InlineData("\"labels\": [\"x\"], \"valueField\": \"x\"", "valueField: the column x is already in labels; name another column, or remove it there")]
    [InlineData("\"valueField\": \"\"", "valueField: the name of the column must not be empty or contain a control character")]
    [InlineData("\"bucketField\": \"x\"", "bucketField: only a histogram or a summary has it; remove it, or change the type")]
    [InlineData("\"sumField\": \"x\"", "sumField: only a histogram or a summary has it; remove it, or change the type")]
    [InlineData("\"type\": \"histogram\", \"countField\": \"x\"", "countField: only a summary has it; remove it, or change the type")]
    [InlineData("\"type\": \"histogram\", \"labels\": [\"le\"]", "labels: the agent adds the label le itself; remove it here and name the column with bucketField")]
    [InlineData("\"type\": \"summary\", \"labels\": [\"quantile\"]", "labels: the agent adds the label quantile itself; remove it here and name the column with bucketField")]
    [InlineData("\"type\": \"histogram\", \"valueField\": \"le\"", "bucketField: the column le is already in valueField; name another column, or remove it there")]
    [InlineData("\"type\": \"histogram\", \"bucketField\": \"x\", \"sumField\": \"x\"", "sumField: the column x is already in bucketField; name another column, or remove it there")]
    [InlineData("\"interval\": \"999ms\"", "interval: '999ms' is not between 1s and 24h")]
    [InlineData("\"timeout\": \"2m\"", "timeout: '2m' is not between 100ms and 1m")]
    [InlineData("\"maxSeries\": 0", "maxSeries: '0' is not a number of series; give a whole number from 1 to 10000")]
    [InlineData("\"maxSeries\": 301", "maxSeries: the database a may produce only 300 series; give at most as many, or raise its maxSeries")]
    [InlineData("\"databases\": []", "databases: the list is empty; name a database, or remove the key to run the query on all")]
    [InlineData("\"databases\": [\"c\"]", "databases: there is no database 'c'; the databases are a, b")]
    [InlineData("\"databases\": [\"a\", \"a\"]", "databases: 'a' is given twice; name it once")]
    [InlineData("\"sql\": \"x\"", "sql: unknown key; docs/configuration.md lists the keys")]
    public void Invalid_setting_is_rejected(string setting, string message) => Assert.Equal(
        $"{Config}:2: queries[0].{message}", Wrong($"{{ \"name\": \"n\", \"help\": \"h\", \"query\": \"SELECT 1\", {setting} }}"));

    [Theory]
    [InlineData("", "it is empty; give one SELECT statement")]
    [InlineData(" \\n", "it is empty; give one SELECT statement")]
    [InlineData("SELECT '\\u0000'", "it contains a NUL character, which PostgreSQL does not allow")]
    public void Invalid_statement_is_rejected(string sql, string message) => Assert.Equal(
        $"{Config}:2: queries[0].query: {message}", Wrong($"{{ \"name\": \"n\", \"help\": \"h\", \"query\": \"{sql}\" }}"));

    [Fact]
    public void Query_needs_a_database()
    {
        System.IO.File.WriteAllText(Config, """{ "queries": [ { "name": "n", "help": "h", "query": "SELECT 1" } ] }""");
        Assert.Equal(
            $"{Config}:1: queries[0].query: there is no database to run it on; add one to databases, or name a file with databases in databasesFile or DBS_CONFIG_FILE",
            Assert.Throws<ConfigurationException>(() => new SettingsReader(_ => null).Read(new CommandLineValues(("--config", Config)))).Message);
    }

    [Fact]
    public void State_of_the_queries_counts_as_series()
    {
        string queries = string.Join(',', Enumerable.Range(0, 60).Select(i => $"{{ \"name\": \"n{i}\", \"help\": \"h\", \"query\": \"SELECT 1\" }}"));

        Assert.Contains("database a may produce only 300 series", Wrong(queries));
    }

    private string Wrong(string queries) => Assert.Throws<ConfigurationException>(() => Read(queries)).Message;

    private Settings Read(string queries)
    {
        System.IO.File.WriteAllText(Config, $"{{ {Databases}, \"queries\": [\n{queries} ] }}");
        return new SettingsReader(_ => null).Read(new CommandLineValues(("--config", Config)));
    }
}
