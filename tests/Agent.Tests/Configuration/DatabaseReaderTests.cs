using Agent.Configuration;
using Agent.Limits;
using Agent.Postgres;
using Agent.Watching;
using Testing;

namespace Agent.Tests.Configuration;

public sealed class DatabaseReaderTests : IDisposable
{
    private const string Login = "\"database\": \"d\", \"user\": \"u\"";

    private readonly Scratch _scratch = new();

    private string Config => _scratch["agent.json"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Every_key_is_read()
    {
        Settings settings = Read("""
            { "databases": [
              { "name": "db1", "host": "DB.example.com", "port": 5433, "database": "shop", "user": "agent", "passwordFile": "/etc/agent/db1",
                "tls": "verify-ca", "caFile": "/etc/agent/ca.pem",
                "interval": "30s", "timeout": "2s", "sizeInterval": "5m", "shownClients": 3, "maxSeries": 500 },
            ] }
            """);
        Database database = Assert.Single(settings.Databases);
        Assert.Equal(
            new DatabaseLogin("db.example.com", 5433, "shop", "agent") { PasswordFile = "/etc/agent/db1", Tls = TlsMode.VerifyCa, CaFile = "/etc/agent/ca.pem" },
            database.Login);
        Assert.Equal(
            ("db1", TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(5), 3, 500),
            (database.Name, database.Interval, database.Timeout, database.SizeInterval, database.ShownClients, database.MaxSeries));
        Assert.Equal(
            [
                ("server", "db.example.com:5433", 2), ("database", "shop", 2), ("user", "agent", 2), ("passwordFile", "/etc/agent/db1", 2),
                ("tls", "verify-ca", 3), ("caFile", "/etc/agent/ca.pem", 3), ("interval", "30s", 4), ("timeout", "2s", 4), ("sizeInterval", "5m", 4),
                ("shownClients", "3", 4), ("maxSeries", "500", 4),
            ],
            settings.Effective.Where(setting => setting.Name.StartsWith("databases.db1.", StringComparison.Ordinal))
                .Select(setting => (setting.Name["databases.db1.".Length..], setting.Value, int.Parse(setting.Origin[(Config.Length + 1)..]))));
    }

    [Fact]
    public void Missing_keys_have_defaults()
    {
        Database database = Assert.Single(Read(WithHost("h")).Databases);
        Assert.Equal(new Database("a", database.Login) { MaxSeries = 2000 } with { Queries = database.Queries }, database);
        Assert.Equal(new DatabaseLogin("h", 5432, "d", "u") { Tls = TlsMode.VerifyFull }, database.Login);
    }

    [Fact]
    public void Default_watch_stays_without_watches_in_the_file() => Assert.Equal("consul", Assert.Single(Read(WithHost("h")).Watches).Watch.Name);

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", false)]
    [InlineData("127.9.0.1", "127.9.0.1", false)]
    [InlineData("::1", "::1", false)]
    [InlineData("[0:0::1]", "::1", false)]
    [InlineData("localhost", "localhost", false)]
    [InlineData("LOCALHOST", "localhost", false)]
    [InlineData("/run/postgresql/", "/run/postgresql", false)]
    [InlineData("128.0.0.1", "128.0.0.1", true)]
    [InlineData("[2001:DB8::1]", "2001:db8::1", true)]
    [InlineData("fe80::1%eth0", "fe80::1%eth0", true)]
    [InlineData("localhost.example.com", "localhost.example.com", true)]
    public void Connection_is_encrypted_unless_it_stays_on_the_host(string host, string read, bool isEncrypted)
    {
        DatabaseLogin login = Assert.Single(Read(WithHost(host)).Databases).Login;
        Assert.Equal((read, isEncrypted ? TlsMode.VerifyFull : TlsMode.Off), (login.Host, login.Tls));
    }

    [Theory]
    [InlineData("", "'' is neither a host name nor an IP address nor an absolute path; write it like db.example.com, 192.0.2.1, ::1 or /run/postgresql")]
    [InlineData("a b", "'a b' is neither a host name nor an IP address nor an absolute path; write it like db.example.com, 192.0.2.1, ::1 or /run/postgresql")]
    [InlineData("run/postgresql", "'run/postgresql' is neither a host name nor an IP address nor an absolute path; write it like db.example.com, 192.0.2.1, ::1 or /run/postgresql")]
    [InlineData("[h]", "'[h]' is neither a host name nor an IP address nor an absolute path; write it like db.example.com, 192.0.2.1, ::1 or /run/postgresql")]
    [InlineData("h1,h2", "'h1,h2' is neither a host name nor an IP address nor an absolute path; write it like db.example.com, 192.0.2.1, ::1 or /run/postgresql")]
    [InlineData("0177.0.0.1", "'0177.0.0.1' has a host that is neither a name nor four decimal numbers without leading zeros; write it like db.example.com, 192.0.2.1, ::1 or /run/postgresql")]
    [InlineData("h:5432", "'h:5432' has a port; write it with the key port")]
    [InlineData("[::1]:5432", "'[::1]:5432' has a port; write it with the key port")]
    [InlineData("u:sesame@h", "it is a connection string; give only the host, and the rest with port, user and database")]
    [InlineData("postgres://h/sesame", "it is a connection string; give only the host, and the rest with port, user and database")]
    [InlineData("/a\\nb", "the path contains a NUL or another control character, which is not allowed here")]
    [InlineData("/a,b", "'/a,b' contains a comma, which is not allowed here; make a symbolic link to it without one")]
    public void Invalid_host_is_rejected(string host, string message) => Assert.Equal($"{Config}:1: databases[0].host: {message}", Wrong(WithHost(host)));

    [Fact]
    public void Directory_is_at_most_as_long_as_the_path_of_a_unix_socket_allows()
    {
        string longest = "/" + new string('a', 92);
        Assert.Equal(longest, Read(WithHost(longest)).Databases[0].Login.Host);
        Assert.Equal(
            $"{Config}:1: databases[0].host: '{longest}a/.s.PGSQL.5432' is longer than the 107 bytes that the path of a unix socket may have",
            Wrong(WithHost(longest + "a")));
    }

    [Theory]
    [InlineData("{ \"host\": \"h\", " + Login + " }", "name: is missing; every entry of the list needs one")]
    [InlineData("{ \"name\": \"a\", " + Login + " }", "host: is missing; every entry of the list needs one")]
    [InlineData("{ \"name\": \"a\", \"host\": \"h\", \"user\": \"u\" }", "database: is missing; every entry of the list needs one")]
    [InlineData("{ \"name\": \"a\", \"host\": \"h\", \"database\": \"d\" }", "user: is missing; every entry of the list needs one")]
    [InlineData("{ \"name\": \"\", \"host\": \"h\", " + Login + " }", "name: the name must have 1 to 64 characters and no control character")]
    [InlineData("{ \"name\": \"a\", \"host\": \"h\", \"database\": \"\", \"user\": \"u\" }", "database: the name of the database must not be empty or contain a control character")]
    [InlineData("{ \"name\": \"a\", \"host\": \"h\", \"database\": \"d\", \"user\": \"u\\u0000\" }", "user: the name of the role must not be empty or contain a control character")]
    public void Missing_or_invalid_name_is_rejected(string database, string message) =>
        Assert.Equal($"{Config}:1: databases[0].{message}", Wrong($"{{ \"databases\": [ {database} ] }}"));

    [Theory]
    [InlineData("\"port\": 0", "port: '0' is not a port; give a number from 1 to 65535")]
    [InlineData("\"port\": 65536", "port: '65536' is not a port; give a number from 1 to 65535")]
    [InlineData("\"passwordFile\": \"\"", "passwordFile: the path is empty; give a file, or remove the setting")]
    [InlineData("\"passwordVariable\": \"a-b\"", "passwordVariable: it is not the name of an environment variable; give a name of letters, digits and underscores, such as DB1_PASSWORD")]
    [InlineData("\"passwordFile\": \"/p\", \"passwordVariable\": \"P\"", "passwordVariable: the database has passwordFile and passwordVariable; remove one of them")]
    [InlineData("\"tls\": \"on\"", "tls: 'on' is not a kind of encryption; write off, require, verify-ca or verify-full")]
    [InlineData("\"tls\": \"require\", \"caFile\": \"/c\"", "caFile: it has no effect while tls is require; set tls to verify-ca or verify-full, or remove it")]
    [InlineData("\"tls\": \"off\", \"caFile\": \"/c\"", "caFile: it has no effect while tls is off; set tls to verify-ca or verify-full, or remove it")]
    [InlineData("\"interval\": \"999ms\"", "interval: '999ms' is not between 1s and 24h")]
    [InlineData("\"interval\": \"25h\"", "interval: '25h' is not between 1s and 24h")]
    [InlineData("\"interval\": 15", "interval: expected a string in double quotes")]
    [InlineData("\"timeout\": \"99ms\"", "timeout: '99ms' is not between 100ms and 1m")]
    [InlineData("\"timeout\": \"61s\"", "timeout: '61s' is not between 100ms and 1m")]
    [InlineData("\"sizeInterval\": \"0s\"", "sizeInterval: '0s' is not between 1s and 24h")]
    [InlineData("\"shownClients\": -1", "shownClients: '-1' is not a number of clients; give a whole number, 0 for none")]
    [InlineData("\"maxSeries\": 0", "maxSeries: '0' is not a number of series; give a whole number from 1 to 10000")]
    [InlineData("\"maxSeries\": 10001", "maxSeries: '10001' is not a number of series; give a whole number from 1 to 10000")]
    [InlineData("\"dbname\": \"x\"", "dbname: unknown key; docs/configuration.md lists the keys")]
    public void Invalid_setting_is_rejected(string setting, string message) => Assert.Equal(
        $"{Config}:1: databases[0].{message}", Wrong($"{{ \"databases\": [ {{ \"name\": \"a\", \"host\": \"h\", {Login}, {setting} }} ] }}"));

    [Theory]
    [InlineData("\"tls\": \"require\"", "tls: PostgreSQL does not encrypt the connections of unix sockets; remove tls, or write off")]
    [InlineData("\"caFile\": \"/c\"", "caFile: it has no effect while tls is off; remove it")]
    public void Encryption_of_a_unix_socket_is_rejected(string setting, string message) => Assert.Equal(
        $"{Config}:1: databases[0].{message}", Wrong($"{{ \"databases\": [ {{ \"name\": \"a\", \"host\": \"/run\", {Login}, {setting} }} ] }}"));

    [Theory]
    [InlineData("pass", "\"sesame\"")]
    [InlineData("password", "\"sesame\"")]
    [InlineData("Password", "\"sesame\"")]
    // The parser's own errors quote what they cannot parse.
    [InlineData("pass", "true_sesame")]
    [InlineData("pass", "\"ses\name\"")]
    [InlineData("pass", "sesame")]
    [InlineData("pass", "null")]
    public void Password_is_rejected_and_never_printed(string key, string value)
    {
        string message = Wrong($"{{ \"databases\": [ {{ \"name\": \"a\",\n \"{key}\": {value} }} ] }}");
        Assert.Equal(
            $"{Config}:2: databases[0].{key}: a password does not belong in this file; write it into another file or a variable, "
            + "and name that with passwordFile or passwordVariable",
            message);
    }

    [Fact]
    public void Relative_paths_begin_in_the_working_directory()
    {
        DatabaseLogin login = Read($"{{ \"databases\": [ {{ \"name\": \"a\", \"host\": \"h\", {Login}, \"passwordFile\": \"p\", \"caFile\": \"c/d\" }} ] }}").Databases[0].Login;
        Assert.Equal((Path.GetFullPath("p"), Path.GetFullPath("c/d")), (login.PasswordFile, login.CaFile));
    }

    [Fact]
    public void Name_of_two_databases_is_rejected() => Assert.Equal(
        $"{Config}:2: databases[1].name: {Config}:1 has a database 'a' too; give each database a different name",
        Wrong($"{{ \"databases\": [ {{ \"name\": \"a\", \"host\": \"h\", {Login} }},\n {{ \"name\": \"a\", \"host\": \"i\", {Login} }} ] }}"));

    [Fact]
    public void Empty_list_is_rejected() =>
        Assert.Equal($"{Config}:1: databases: the list is empty; add a database, or remove the key", Wrong("""{ "databases": [] }"""));

    [Fact]
    public void Watch_takes_its_total_limit_from_a_database()
    {
        Settings settings = Read(WithWatch("""
            "limitFrom": { "database": "a" }, "warning": "80%", "critical": 95
            """));
        Watch watch = Assert.Single(settings.Watches).Watch;
        Assert.Equal(("a", null, null), (watch.Database, watch.LimitFrom, watch.TotalLimit));
        Assert.Equal(new ClientLimit(null, "default"), watch.Limit);
        Assert.True(watch.NumbersJudgeTotal);
        Assert.Contains(new EffectiveSetting("consul.limitFrom", "database a", $"{Config}:2"), settings.Effective);
    }

    [Fact]
    public void Watch_with_a_database_may_have_a_limit_per_client_which_its_numbers_judge()
    {
        Watch watch = Assert.Single(Read(WithWatch("""
            "limit": 5, "limitFrom": { "database": "a" }, "warning": 4
            """)).Watches).Watch;
        Assert.Equal(("a", 5, 4), (watch.Database, watch.Limit.Value, watch.ClientConnectionsAt(watch.Warning, 5)));
        Assert.False(watch.NumbersJudgeTotal);
    }

    [Fact]
    public void Watch_with_a_database_does_not_ask_Consul()
    {
        System.IO.File.WriteAllText(Config, WithWatch("\"limitFrom\": { \"database\": \"a\" }"));
        Settings settings = new SettingsReader(name => name == "CONSUL_HTTP_ADDR" ? "127.0.0.1" : null).Read(new CommandLineValues(("--config", Config)));
        Assert.Null(Assert.Single(settings.Watches).Watch.LimitFrom);
    }

    [Theory]
    [InlineData("\"limitFrom\": { \"database\": \"b\" }", ".limitFrom.database: there is no database 'b'; the databases are a")]
    [InlineData("\"limitFrom\": { \"database\": \"\" }", ".limitFrom.database: there is no database ''; the databases are a")]
    [InlineData("\"limitFrom\": { \"database\": \"a\", \"tokenFile\": \"t\" }", ".limitFrom.database: a limit comes from a database or from Consul; remove database or tokenFile")]
    [InlineData("\"limitFrom\": { \"database\": \"a\", \"consul\": \"c\" }", ".limitFrom.database: a limit comes from a database or from Consul; remove database or consul")]
    [InlineData("\"limitFrom\": { \"database\": \"a\" }, \"totalLimit\": 5",
        ".limitFrom.database: the watch has totalLimit too, and the database decides the total limit; remove one of them")]
    [InlineData("\"limitFrom\": { \"database\": \"a\" }, \"warning\": \"80%\", \"critical\": \"70%\"",
        ".critical: 70% is below the warning threshold 80%; give at least as many connections")]
    [InlineData("\"limitFrom\": { \"database\": \"a\" }, \"warning\": 80, \"critical\": 70",
        ".critical: 70 is below the warning threshold 80; give at least as many connections")]
    public void Invalid_watch_of_a_database_is_rejected(string setting, string message) =>
        Assert.Equal($"{Config}:2: watches[0]{message}", Wrong(WithWatch(setting)));

    [Fact]
    public void Watch_of_a_database_needs_one() => Assert.Equal(
        $"{Config}:1: watches[0].limitFrom.database: there is no database 'a'; add it to databases",
        Wrong("""{ "watches": [ { "name": "w", "ports": [1], "limitFrom": { "database": "a" } } ] }"""));

    [Theory]
    [InlineData(new int[0], 4, 2000)]
    [InlineData(new[] { 9000 }, 2, 489)]
    [InlineData(new[] { 9978 }, 1, 1)]
    [InlineData(new int[0], 20, 498)]
    public void Databases_share_the_series_that_are_left(int[] configured, int others, int share)
    {
        Settings settings = Read(With(configured, others));
        Assert.Equal([.. configured, .. Enumerable.Repeat(share, others)], settings.Databases.Select(database => database.MaxSeries));
    }

    [Theory]
    [InlineData(new[] { 5000, 4979 }, 1, "databases[1].maxSeries: with these, the databases can produce 9980 series, and 9979 of 10000 are left beside the watches; "
        + "lower maxSeries here or of another database, or show fewer clients")]
    [InlineData(new[] { 9980 }, 0, "databases[0].maxSeries: with these, the databases can produce 9980 series, and 9979 of 10000 are left beside the watches; "
        + "lower maxSeries here or of another database, or show fewer clients")]
    public void Too_many_series_are_rejected(int[] configured, int others, string message) =>
        Assert.Equal($"{Config}:1: {message}", Wrong(With(configured, others)));

    private static string With(int[] configured, int others) =>
        "{ \"watches\": [ { \"name\": \"w\", \"ports\": [1], \"shownClients\": 0 } ], \"databases\": [ "
        + string.Join(", ", configured.Concat(Enumerable.Repeat(0, others)).Select((series, i) =>
            $"{{ \"name\": \"{i}\", \"host\": \"h\", {Login}{(series > 0 ? $", \"maxSeries\": {series}" : "")} }}"))
        + " ] }";

    private static string WithHost(string host) => $"{{ \"databases\": [ {{ \"name\": \"a\", \"host\": \"{host}\", {Login} }} ] }}";

    private static string WithWatch(string settings) =>
        $"{{ \"databases\": [ {{ \"name\": \"a\", \"host\": \"h\", {Login} }} ],\n \"watches\": [ {{ \"name\": \"consul\", \"ports\": [1], {settings.Trim()} }} ] }}";

    private string Wrong(string text) => Assert.Throws<ConfigurationException>(() => Read(text)).Message;

    private Settings Read(string text)
    {
        System.IO.File.WriteAllText(Config, text);
        return new SettingsReader(_ => null).Read(new CommandLineValues(("--config", Config)));
    }
}
