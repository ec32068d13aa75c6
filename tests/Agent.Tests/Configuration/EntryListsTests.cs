using Agent.Configuration;
using Testing;

namespace Agent.Tests.Configuration;

/// <summary>The files of databases and of queries beside the configuration file.</summary>
public sealed class EntryListsTests : IDisposable
{
    // As an exporter has them that this agent replaces, but without "pass".
    private const string Database = """{ "name": "db1", "host": "localhost", "port": 5432, "user": "postgres", "database": "db1" }""";
    private const string Query = """{ "name": "disc_golf_total_holes", "help": "Total holes", "type": "gauge", "labels": [], "query": "SELECT SUM(holes) FROM courses" }""";

    private readonly Scratch _scratch = new();
    private readonly Dictionary<string, string> _variables = [];

    private string Config => _scratch["agent.json"];

    private string DatabasesFile => _scratch["databases.json"];

    private string QueriesFile => _scratch["queries.json"];

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("{{ \"databases\": [ {0}, ] }} // a comment", "[ {1}, ]")]
    [InlineData("[ {0} ]", "{{ \"$schema\": \"x\", \"queries\": [ {1} ] }}")]
    public void Both_files_are_a_list_or_an_object(string databases, string queries)
    {
        Write(DatabasesFile, string.Format(null, databases, Database, Query));
        Write(QueriesFile, string.Format(null, queries, Database, Query));
        Settings settings = ReadVariables();
        Assert.Equal("db1", Assert.Single(settings.Databases).Name);
        Assert.Equal("disc_golf_total_holes", Assert.Single(settings.Databases[0].Queries).Name);
        Assert.Equal("consul", Assert.Single(settings.Watches).Watch.Name);
        Assert.Contains(new EffectiveSetting("databasesFile", DatabasesFile, "DBS_CONFIG_FILE"), settings.Effective);
        Assert.Contains(new EffectiveSetting("queriesFile", QueriesFile, "QUERIES_FILE"), settings.Effective);
        Assert.Contains(new EffectiveSetting("databases.db1.server", "localhost:5432", $"{DatabasesFile}:1"), settings.Effective);
        Assert.Equal([DatabasesFile, QueriesFile], settings.Source!.Paths);
    }

    [Fact]
    public void Keys_name_the_files_and_entries_of_both_places_are_combined()
    {
        Write(DatabasesFile, $"[ {Database} ]");
        Write(QueriesFile, $"[ {Query} ]");
        Settings settings = ReadConfig($$"""
            { "databases": [ { "name": "a", "host": "h", "user": "u", "database": "d" } ], "databasesFile": "{{DatabasesFile}}",
              "queries": [ { "name": "q", "help": "h", "query": "SELECT 1", "databases": ["db1"] } ], "queriesFile": "{{QueriesFile}}",
              "watches": [ { "name": "w", "ports": [1], "limitFrom": { "database": "db1" } } ] }
            """);
        Assert.Equal(["a", "db1"], settings.Databases.Select(database => database.Name));
        Assert.Equal([["disc_golf_total_holes"], ["q", "disc_golf_total_holes"]], settings.Databases.Select(database => database.Queries.Select(query => query.Name)));
        Assert.Equal("db1", settings.Watches[0].Watch.Database);
        Assert.Contains(new EffectiveSetting("databasesFile", DatabasesFile, $"{Config}:1"), settings.Effective);
        Assert.Equal([Config, DatabasesFile, QueriesFile], settings.Source!.Paths);
    }

    [Fact]
    public void Variable_overrides_the_key()
    {
        Write(DatabasesFile, $"[ {Database} ]");
        _variables["DBS_CONFIG_FILE"] = DatabasesFile;
        Settings settings = ReadConfig("""{ "databasesFile": "/missing" }""");
        Assert.Equal("db1", Assert.Single(settings.Databases).Name);
    }

    [Fact]
    public void File_may_have_no_query()
    {
        Write(DatabasesFile, $"[ {Database} ]");
        Write(QueriesFile, "[]");
        Assert.Empty(Assert.Single(ReadVariables().Databases).Queries);
    }

    [Fact]
    public void Name_in_both_places_is_rejected_with_both()
    {
        Write(DatabasesFile, $"[ {Database},\n {Database.Replace("db1", "a")} ]");
        Assert.Equal(
            $"{DatabasesFile}:2: [1].name: {Config}:1 has a database 'a' too; give each database a different name",
            WrongConfig($$"""{ "databases": [ { "name": "a", "host": "h", "user": "u", "database": "d" } ], "databasesFile": "{{DatabasesFile}}" }"""));

        Write(DatabasesFile, $"[ {Database} ]");
        Write(QueriesFile, $"{{ \"queries\": [ {Query} ] }}");
        Assert.Equal(
            $"{QueriesFile}:1: queries[0].name: {Config}:1 has a query 'disc_golf_total_holes' too; give each query a different name",
            WrongConfig($$"""{ "queries": [ {{Query}} ], "databasesFile": "{{DatabasesFile}}", "queriesFile": "{{QueriesFile}}" }"""));
    }

    [Theory]
    [InlineData("", "1: the file is empty; it must hold a list of databases, or an object with the key databases")]
    [InlineData("5", "1: the file holds a number; it must hold a list of databases, or an object with the key databases")]
    [InlineData("{}", "1: databases: is missing; name the list so, or write the list alone")]
    [InlineData("[]", "1: databases: the list is empty; add a database, or remove DBS_CONFIG_FILE")]
    [InlineData("[\n null ]", "2: [0]: null is not allowed; give a value, or remove this")]
    [InlineData("[\n { \"name\": 5 } ]", "2: [0].name: expected a string in double quotes")]
    [InlineData("[ {\n \"nam\": \"a\" } ]", "2: [0].nam: unknown key; docs/configuration.md lists the keys")]
    [InlineData("{\n \"queries\": [] }", "2: queries: unknown key; docs/configuration.md lists the keys")]
    [InlineData("[ { \"name\": \"a\",\n \"host\": \"\" } ]", "2: [0].host: '' is neither a host name nor an IP address nor an absolute path; write it like db.example.com, 192.0.2.1, ::1 or /run/postgresql")]
    [InlineData("[ { \"name\": \"a\",\n \"pass\": \"sesame\" } ]", "2: [0].pass: a password does not belong in this file; write it into another file or a variable, and name that with passwordFile or passwordVariable")]
    public void Invalid_file_is_reported_with_file_line_and_key(string text, string message)
    {
        Write(DatabasesFile, text);
        _variables["DBS_CONFIG_FILE"] = DatabasesFile;
        Assert.Equal($"{DatabasesFile}:{message}", Assert.Throws<ConfigurationException>(() => Read(new CommandLineValues())).Message);
    }

    [Fact]
    public void Error_of_a_file_that_cannot_be_read_says_which_setting_names_it()
    {
        Assert.Equal(
            $"{Config}:1: databasesFile: {DatabasesFile}: cannot be read: there is no such file; check the path",
            WrongConfig($$"""{ "databasesFile": "{{DatabasesFile}}" }"""));
        Assert.Equal($"{Config}:1: queriesFile: the path is empty; give a file, or remove the setting", WrongConfig("""{ "queriesFile": "" }"""));
        _variables["QUERIES_FILE"] = _scratch["."];
        Assert.Equal(
            $"QUERIES_FILE: {_scratch["."]}: is a directory; give a file", Assert.Throws<ConfigurationException>(() => Read(new CommandLineValues())).Message);
    }

    private static void Write(string path, string text) => System.IO.File.WriteAllText(path, text);

    private Settings ReadVariables()
    {
        _variables["DBS_CONFIG_FILE"] = DatabasesFile;
        _variables["QUERIES_FILE"] = QueriesFile;
        return Read(new CommandLineValues());
    }

    private string WrongConfig(string text) => Assert.Throws<ConfigurationException>(() => ReadConfig(text)).Message;

    private Settings ReadConfig(string text)
    {
        Write(Config, text);
        return Read(new CommandLineValues(("--config", Config)));
    }

    private Settings Read(CommandLineValues commandLine) => new SettingsReader(_variables.GetValueOrDefault).Read(commandLine);
}
