using System.Text;
using Agent.Configuration;
using Agent.Limits;
using Agent.Watching;
using Testing;

namespace Agent.Tests.Configuration.File;

public sealed class ConfigurationFileTests : IDisposable
{
    private readonly Scratch _scratch = new();

    private string Path => _scratch["agent.json"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Every_key_is_read()
    {
        Settings settings = Read("""
            {
              "$schema": "agent.schema.json", // for editors
              "interval": "500ms",
              "textfileDirectory": "none",
              "netns": 7,
              "watches": [
                { "name": "consul", "ports": [8500, 8501], "warning": "80%", "critical": 190 },
                { "name": "web", "ports": [80], "netns": "blue", "limit": 50, "totalLimit": 1000, "shownClients": 0, },
                { "name": "same", "ports": [80], "netns": "7", "limit": "none" },
                { "name": "again", "ports": [8500], "netns": "blue" },
              ],
            }
            """);

        Assert.Equal(new(TimeSpan.FromMilliseconds(500), $"{Path}:3"), settings.Interval);
        Assert.Equal(new(null, $"{Path}:4"), settings.TextfileDirectory);
        Assert.Equal(("/proc/7/ns/net", $"{Path}:5"), (settings.Namespace.Value!.Path, settings.Namespace.Origin));
        Assert.Equal(["consul", "web", "same", "again"], settings.Watches.Select(watch => watch.Watch.Name));

        Watch consul = settings.Watches[0].Watch;
        Assert.Equal([8500, 8501], consul.Ports);
        Assert.Equal(new ClientLimit(200, "default"), consul.Limit);
        Assert.Equal(10, consul.ShownClients);
        Assert.Equal((new Threshold(80, IsShare: true), new Threshold(190, IsShare: false)), (consul.Warning, consul.Critical));

        Watch web = settings.Watches[1].Watch;
        Assert.Equal(new ClientLimit(50, $"{Path}:8"), web.Limit);
        Assert.Equal(new TotalLimit(1000, $"{Path}:8"), web.TotalLimit);
        Assert.Null(consul.TotalLimit);
        Assert.Equal(0, web.ShownClients);
        Assert.False(web.HasThresholds);
        Assert.Equal(new ClientLimit(null, $"{Path}:9"), settings.Watches[2].Watch.Limit);

        // A watch that names the main namespace is in the main namespace.
        Assert.Equal([null, "blue"], settings.Namespaces.Select(where => where.Label));
        Assert.Equal(["/proc/7/ns/net", "/run/netns/blue"], settings.Namespaces.Select(where => where.Namespace!.Path));
        Assert.Equal([["consul", "same"], ["web", "again"]], settings.Namespaces.Select(where => where.Watches.Select(watch => watch.Name)));
    }

    [Fact]
    public void Main_namespace_comes_first_and_needs_no_watch()
    {
        Settings settings = Read("""{ "watches": [ { "name": "a", "ports": [1], "netns": "x" }, { "name": "b", "ports": [1] } ] }""");
        Assert.Equal([null, "x"], settings.Namespaces.Select(where => where.Label));
        settings = Read("""{ "watches": [ { "name": "a", "ports": [1], "netns": "x" } ] }""");
        Assert.Equal(["x"], settings.Namespaces.Select(where => where.Label));
    }

    [Fact]
    public void LimitFrom_replaces_the_configured_limit()
    {
        Settings settings = Read(
            """
            { "watches": [
              { "name": "consul", "ports": [1], "limitFrom": { "consul": "http://127.0.0.1:1" } },
              { "name": "other", "ports": [2], "limitFrom": { "consul": "127.0.0.1:1" }, "warning": "80%" },
              { "name": "plain", "ports": [3] } ] }
            """);
        Watch[] watches = [.. settings.Watches.Select(watch => watch.Watch)];
        Assert.Equal([ClientLimit.NotAsked, ClientLimit.NotAsked, new ClientLimit(null, "default")], watches.Select(watch => watch.Limit));
        Assert.Equal("consul at http://127.0.0.1:1", watches[0].LimitFrom!.Name);
        Assert.Equal(watches[0].LimitFrom, watches[1].LimitFrom);
        Assert.Null(watches[2].LimitFrom);
        Assert.Equal($"{Path}:3", OriginOf("other.limitFrom", settings));
    }

    [Fact]
    public void CONSUL_HTTP_ADDR_applies_only_to_the_watch_consul()
    {
        const string Text = """{ "watches": [ { "name": "consul", "ports": [1] }, { "name": "other", "ports": [2] } ] }""";
        Settings settings = Read(Text, new CommandLineValues(), ("CONSUL_HTTP_ADDR", "10.0.0.1:8500"));
        Assert.Equal("consul at http://10.0.0.1:8500", settings.Watches[0].Watch.LimitFrom!.Name);
        Assert.Equal("CONSUL_HTTP_ADDR", OriginOf("consul.limitFrom", settings));
        Assert.Null(settings.Watches[1].Watch.LimitFrom);
        Assert.Null(Read("""{ "watches": [ { "name": "consul", "ports": [1], "limit": 7 } ] }""", new CommandLineValues(), ("CONSUL_HTTP_ADDR", "x"))
            .Watches[0].Watch.LimitFrom);
        Assert.NotNull(Read("{}", new CommandLineValues(), ("CONSUL_HTTP_ADDR", "x")).Watches[0].Watch.LimitFrom);
        Assert.Null(Read("{}", new CommandLineValues(("--limit", "7")), ("CONSUL_HTTP_ADDR", "x")).Watches[0].Watch.LimitFrom);
        Assert.Null(Read("{}", new CommandLineValues(("--watch", "web")), ("CONSUL_HTTP_ADDR", "x")).Watches[0].Watch.LimitFrom);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("\uFEFF{ /* nothing */ }")]
    public void File_without_watches_leaves_the_watch_of_the_command_line(string text)
    {
        Settings settings = Read(text, new CommandLineValues(("--watch", "web"), ("--port", "80")));
        Assert.Equal("web", Assert.Single(settings.Watches).Watch.Name);
        Assert.Equal("default", settings.Interval.Origin);
    }

    [Fact]
    public void Variables_and_command_line_override_the_file()
    {
        const string Text = """{ "interval": "5s", "textfileDirectory": "/file", "netns": "file" }""";
        Assert.Equal("/variable", Read(Text, new CommandLineValues(), ("TEXTFILE_DIRECTORY", "/variable")).TextfileDirectory.Value);
        Settings settings = Read(Text, new CommandLineValues(("--interval", "1s")), ("UPDATE_DELAY", "2s"), ("AGENT_NETNS", "variable"));
        Assert.Equal(new(TimeSpan.FromSeconds(1), "--interval"), settings.Interval);
        Assert.Equal("AGENT_NETNS", settings.Namespace.Origin);
    }

    [Fact]
    public void AGENT_CONFIG_names_the_file()
    {
        System.IO.File.WriteAllText(Path, """{ "interval": "5s" }""");
        Assert.Equal($"{Path}:1", new SettingsReader(name => name == "AGENT_CONFIG" ? Path : null).Read(new CommandLineValues()).Interval.Origin);
    }

    [Fact]
    public void CONSUL_PORT_beside_watches_is_ignored_with_a_notice()
    {
        Settings settings = Read("""{ "watches": [ { "name": "a", "ports": [1] } ] }""", new CommandLineValues(), ("CONSUL_PORT", "tcp://10.0.0.1:8500"));
        Assert.Equal($"CONSUL_PORT is ignored: the watches are configured in {Path}", Assert.Single(settings.Notices));
        Assert.Equal([1], Assert.Single(settings.Watches).Watch.Ports);
    }

    [Theory]
    [InlineData("--port")]
    [InlineData("--watch")]
    [InlineData("--limit")]
    [InlineData("--total-limit")]
    public void Options_of_a_watch_are_rejected_beside_watches_of_the_file(string option)
    {
        Assert.Equal(
            $"{option}: the watches are configured in {Path}:2; change them there, or remove {option}",
            Wrong("{\n \"watches\": [ { \"name\": \"a\", \"ports\": [1] } ] }", new CommandLineValues((option, "5"))));
    }

    [Fact]
    public void Thresholds_of_the_command_line_override_those_of_every_watch()
    {
        const string Text = """{ "watches": [ { "name": "a", "ports": [1], "limit": 10, "warning": 5 }, { "name": "b", "ports": [1] } ] }""";
        Settings settings = Read(Text, new CommandLineValues(("--warn", "7")));
        Assert.Equal(["7", "7"], settings.Watches.Select(watch => watch.Watch.Warning.ToString()));
        Assert.Equal("--warn", OriginOf("a.warning", settings));
        Assert.Equal(
            "--warn: 80% is a percentage of the limit, and the watch b has no limit; give it a limit, or give a number of connections",
            Wrong(Text, new CommandLineValues(("--warn", "80%"))));
    }

    [Fact]
    public void Error_names_the_place_of_each_threshold()
    {
        const string Text = "{ \"watches\": [ { \"name\": \"a\", \"ports\": [1], \"limit\": 10,\n \"warning\": 5,\n \"critical\": 8 } ] }";
        Assert.Equal(
            $"{Path}:3: watches[0].critical: 8 is below the warning threshold 9; give at least as many connections",
            Wrong(Text, new CommandLineValues(("--warn", "9"))));
        Assert.Equal(
            "--critical: 4 is below the warning threshold 5; give at least as many connections", Wrong(Text, new CommandLineValues(("--critical", "4"))));
    }

    [Fact]
    public void Unix_sockets_of_a_watch_are_read_and_shown_with_their_place()
    {
        Settings settings = Read("""{ "watches": [ { "name": "a", "unixSockets": ["/run/a", "/run/b"] }, { "name": "b", "ports": [1], "unixSockets": ["/run/a"] } ] }""");
        Assert.Empty(settings.Watches[0].Watch.Ports);
        Assert.Equal(["/run/a", "/run/b"], settings.Watches[0].Watch.UnixSockets);
        Assert.Equal(["/run/a"], settings.Watches[1].Watch.UnixSockets);
        Assert.Contains(new EffectiveSetting("a.unixSockets", "/run/a,/run/b", $"{Path}:1"), settings.Effective);
        Assert.DoesNotContain(settings.Effective, setting => setting.Name == "a.ports");
        Assert.Contains(new EffectiveSetting("b.ports", "1", $"{Path}:1"), settings.Effective);
    }

    [Theory]
    [InlineData("""{ "intervall": "1s" }""", "1: intervall: unknown key; docs/configuration.md lists the keys")]
    [InlineData("{\n \"watches\": [\n {\n \"name\": \"a\",\n \"ports\": [1],\n \"port\": 2 } ] }", "6: watches[0].port: unknown key; docs/configuration.md lists the keys")]
    [InlineData("{ \"interval\": \"1s\",\n \"interval\": \"2s\" }", "2: interval: the key appears twice; remove one of them")]
    [InlineData("""{ "interval": 5 }""", "1: interval: expected a string in double quotes")]
    [InlineData("""{ "interval": "5" }""", "1: interval: '5' has no unit; write it like 500ms, 1s, 1m30s or 00:01:30")]
    [InlineData("""{ "netns": true }""", "1: netns: expected a number or a string in double quotes")]
    [InlineData("""{ "netns": 0 }""", "1: netns: '0' is not a process id")]
    [InlineData("""{ "watches": {} }""", "1: watches: wrong type of value; docs/configuration.md shows the right one")]
    [InlineData("""{ "watches": [] }""", "1: watches: the list is empty; add a watch, or remove the key")]
    [InlineData("{ \"watches\": [\n 5 ] }", "2: watches[0]: wrong type of value; docs/configuration.md shows the right one")]
    [InlineData("{ \"watches\": [\n null ] }", "2: watches[0]: null is not allowed; give a value, or remove this")]
    [InlineData("""{ "watches": [ { "ports": [1] } ] }""", "1: watches[0].name: is missing; every watch needs one")]
    [InlineData("""{ "watches": [ { "name": "a" } ] }""", "1: watches[0].ports: is missing; every watch needs ports or unixSockets")]
    [InlineData("""{ "watches": [ { "name": "a", "unixSockets": [] } ] }""", "1: watches[0].unixSockets: the list is empty; name a path")]
    [InlineData("""{ "watches": [ { "name": "a", "ports": [], "unixSockets": ["/a"] } ] }""", "1: watches[0].ports: the list is empty; name a port")]
    [InlineData("""{ "watches": [ { "name": "a", "unixSockets": [""] } ] }""", "1: watches[0].unixSockets: '' is not an absolute path; give the path of the socket, such as /run/consul/http.sock")]
    [InlineData("""{ "watches": [ { "name": "a", "unixSockets": ["run/a"] } ] }""", "1: watches[0].unixSockets: 'run/a' is not an absolute path; give the path of the socket, such as /run/consul/http.sock")]
    [InlineData("""{ "watches": [ { "name": "a", "unixSockets": ["/a\u0000b"] } ] }""", "1: watches[0].unixSockets: the path contains a NUL or another control character, which is not allowed here")]
    [InlineData("""{ "watches": [ { "name": "a", "unixSockets": ["/a\nb"] } ] }""", "1: watches[0].unixSockets: the path contains a NUL or another control character, which is not allowed here")]
    [InlineData("""{ "watches": [ { "name": "a", "unixSockets": ["/a", "/b", "/a"] } ] }""", "1: watches[0].unixSockets: /a is given twice; name it once")]
    [InlineData("""{ "watches": [ { "name": "a", "unixSockets": "/a" } ] }""", "1: watches[0].unixSockets: wrong type of value; docs/configuration.md shows the right one")]
    [InlineData("""{ "watches": [ { "name": "a", "unixSockets": [null] } ] }""", "1: watches[0].unixSockets[0]: null is not allowed; give a value, or remove this")]
    [InlineData("""{ "watches": [ { "name": "", "ports": [1] } ] }""", "1: watches[0].name: the name must have 1 to 64 characters and no control character")]
    [InlineData("{ \"watches\": [ { \"name\": \"a\",\n\n \"ports\": [] } ] }", "3: watches[0].ports: the list is empty; name a port")]
    [InlineData("""{ "watches": [ { "name": "a", "ports": 5 } ] }""", "1: watches[0].ports: expected a list of numbers")]
    [InlineData("""{ "watches": [ { "name": "a", "ports": ["5"] } ] }""", "1: watches[0].ports: the list may contain only numbers")]
    [InlineData("""{ "watches": [ { "name": "a", "ports": [5, 6, 5] } ] }""", "1: watches[0].ports: port 5 is given twice; name it once")]
    [InlineData("""{ "watches": [ { "name": "a", "ports": [70000] } ] }""", "1: watches[0].ports: '70000' is not a port; give a number from 1 to 65535")]
    [InlineData("""{ "watches": [ { "name": "a", "ports": [1.5] } ] }""", "1: watches[0].ports: '1.5' is not a port; give a number from 1 to 65535")]
    [InlineData("{ \"watches\": [ { \"name\": \"a\", \"ports\": [1],\n \"limit\": -1 } ] }", "2: watches[0].limit: '-1' is not a limit; give a number of at least 1, or none")]
    [InlineData("{ \"watches\": [ { \"name\": \"a\", \"ports\": [1],\n \"totalLimit\": 0 } ] }", "2: watches[0].totalLimit: '0' is not a total limit; give a number of at least 1")]
    [InlineData("""{ "watches": [ { "name": "a", "ports": [1], "limit": [] } ] }""", "1: watches[0].limit: expected a number or a string in double quotes")]
    [InlineData("""{ "watches": [ { "name": "a", "ports": [1], "shownClients": -1 } ] }""", "1: watches[0].shownClients: '-1' is not a number of clients; give a whole number, 0 for none")]
    [InlineData("""{ "watches": [ { "name": "a", "ports": [1], "warning": "80%" } ] }""",
        "1: watches[0].warning: 80% is a percentage of the limit, and the watch a has no limit; give it a limit, or give a number of connections")]
    [InlineData("""{ "watches": [ { "name": "a", "ports": [1], "warning": 9, "critical": 8 } ] }""",
        "1: watches[0].critical: 8 is below the warning threshold 9; give at least as many connections")]
    [InlineData("""{ "watches": [ { "name": "a", "ports": [1], "netns": "." } ] }""",
        "1: watches[0].netns: '.' is not a network namespace: give a PID, a path such as /proc/1/ns/net, or a name under /run/netns")]
    [InlineData("{ \"watches\": [ { \"name\": \"a\", \"ports\": [1], \"limit\": 5,\n \"limitFrom\": {} } ] }",
        "2: watches[0].limitFrom: the watch has limit and limitFrom; remove one of them")]
    [InlineData("{ \"watches\": [ { \"name\": \"a\", \"ports\": [1],\n \"limitFrom\": { \"consul\": \"ftp://x\" } } ] }",
        "2: watches[0]: limitFrom.consul: 'ftp://x' is neither http:// nor https://; write it like http://127.0.0.1:8500")]
    [InlineData("{ \"watches\": [ { \"name\": \"a\", \"ports\": [1] },\n { \"name\": \"a\", \"ports\": [2] } ] }",
        "2: watches[1].name: another watch has the name 'a'; give each watch a different name")]
    [InlineData("{ \"watches\":\n [ { \"name\": \"a\", \"ports\": [1], \"shownClients\": 9983 } ] }",
        "1: watches: these watches can produce 10002 series, and the maximum is 10000; configure fewer ports, or show fewer clients")]
    public void Invalid_setting_is_reported_with_file_line_and_key(string text, string message) => Assert.Equal($"{Path}:{message}", Wrong(text));

    [Theory]
    [InlineData("", "1: the file is empty; it must hold an object, at least {}")]
    [InlineData("{\n\"interval\" \"1s\" }", "2: ")]
    [InlineData("{\n\n\"interval\": \"1s\"", "3: ")]
    [InlineData("{} {}", "1: ")]
    [InlineData("nonsense", "1: ")]
    [InlineData("[]", "1: the file holds a list; it must hold an object, at least {}")]
    [InlineData("[\n{ \"interval\": \"1s\" } ]", "1: the file holds a list; it must hold an object, at least {}")]
    [InlineData("\"x\"", "1: the file holds a string; it must hold an object, at least {}")]
    [InlineData("5", "1: the file holds a number; it must hold an object, at least {}")]
    [InlineData("true", "1: the file holds true or false; it must hold an object, at least {}")]
    [InlineData("null", "1: the file holds null; it must hold an object, at least {}")]
    [InlineData("\uFEFF", "1: the file is empty; it must hold an object, at least {}")]
    [InlineData("  ", "1: the file is empty; it must hold an object, at least {}")]
    [InlineData("// nothing", "1: the file is empty; it must hold an object, at least {}")]
    [InlineData("/* nothing */ // at all", "1: the file is empty; it must hold an object, at least {}")]
    [InlineData("{\n\"\\ud800\": 1 }", "2: a string contains half of a surrogate pair; ")]
    [InlineData("{\n\"netns\": \"\\udc00\" }", "2: a string contains half of a surrogate pair; ")]
    public void Invalid_JSON_is_reported_with_file_and_line(string text, string begin)
    {
        string message = Wrong(text);
        Assert.StartsWith($"{Path}:{begin}", message);
        Assert.DoesNotContain('\n', message);
        Assert.DoesNotContain("Path:", message);
        Assert.DoesNotContain("LineNumber", message);
    }

    [Theory]
    [InlineData("{ \"interv\u00e4l\": \"1s\" }")]
    [InlineData("{ \"netns\": \"bl\u00e4u\" }")]
    public void Latin_1_is_rejected(string text)
    {
        System.IO.File.WriteAllText(Path, text, Encoding.Latin1);
        Assert.Equal($"{Path}: the file is not UTF-8; save it as UTF-8", WrongAt(Path));
    }

    [Theory]
    [InlineData("$schema", "{\n \"$schema\": null }")]
    [InlineData("interval", "{\n \"interval\": null }")]
    [InlineData("textfileDirectory", "{\n \"textfileDirectory\": null }")]
    [InlineData("netns", "{\n \"netns\": null }")]
    [InlineData("watches", "{\n \"watches\": null }")]
    [InlineData("watches[0]", "{ \"watches\": [\n null ] }")]
    [InlineData("watches[1]", "{ \"watches\": [ { \"name\": \"a\", \"ports\": [1] },\n null ] }")]
    [InlineData("watches[0].name", "{ \"watches\": [ {\n \"name\": null, \"ports\": [1] } ] }")]
    [InlineData("watches[0].ports", "{ \"watches\": [ { \"name\": \"a\",\n \"ports\": null } ] }")]
    [InlineData("watches[0].ports[1]", "{ \"watches\": [ { \"name\": \"a\", \"ports\": [1,\n null] } ] }")]
    [InlineData("watches[0].netns", "{ \"watches\": [ { \"name\": \"a\", \"ports\": [1],\n \"netns\": null } ] }")]
    [InlineData("watches[0].limit", "{ \"watches\": [ { \"name\": \"a\", \"ports\": [1],\n \"limit\": null } ] }")]
    [InlineData("watches[0].limitFrom", "{ \"watches\": [ { \"name\": \"a\", \"ports\": [1],\n \"limitFrom\": null } ] }")]
    [InlineData("watches[0].limitFrom.consul", "{ \"watches\": [ { \"name\": \"a\", \"ports\": [1], \"limitFrom\": {\n \"consul\": null } } ] }")]
    [InlineData("watches[0].limitFrom.tokenFile", "{ \"watches\": [ { \"name\": \"a\", \"ports\": [1], \"limitFrom\": {\n \"tokenFile\": null } } ] }")]
    [InlineData("watches[0].shownClients", "{ \"watches\": [ { \"name\": \"a\", \"ports\": [1],\n \"shownClients\": null } ] }")]
    [InlineData("watches[0].warning", "{ \"watches\": [ { \"name\": \"a\", \"ports\": [1],\n \"warning\": null } ] }")]
    [InlineData("watches[0].critical", "{ \"watches\": [ { \"name\": \"a\", \"ports\": [1],\n \"critical\": null } ] }")]
    [InlineData("endpoint", "{\n \"endpoint\": null }")]
    [InlineData("endpoint.listen", "{ \"endpoint\": {\n \"listen\": null } }")]
    [InlineData("endpoint.listen[1]", "{ \"endpoint\": { \"listen\": [\"127.0.0.1\",\n null] } }")]
    [InlineData("endpoint.tokenFile", "{ \"endpoint\": { \"listen\": [\"127.0.0.1\"],\n \"tokenFile\": null } }")]
    [InlineData("endpoint.requestsPerMinute", "{ \"endpoint\": { \"listen\": [\"127.0.0.1\"],\n \"requestsPerMinute\": null } }")]
    [InlineData("other", "{\n \"other\": null }")]
    public void Null_is_rejected_with_file_line_and_key(string key, string text) =>
        Assert.Equal($"{Path}:2: {key}: null is not allowed; give a value, or remove this", Wrong(text));

    [Theory]
    [InlineData("utf-16", true, "UTF-16")]
    [InlineData("utf-16", false, "UTF-16")]
    [InlineData("utf-16BE", true, "UTF-16")]
    [InlineData("utf-16BE", false, "UTF-16")]
    [InlineData("utf-32", true, "UTF-32")]
    [InlineData("utf-32", false, "UTF-32")]
    [InlineData("utf-32BE", true, "UTF-32")]
    [InlineData("utf-32BE", false, "UTF-32")]
    public void UTF_16_and_UTF_32_are_rejected_by_name(string name, bool hasMark, string said)
    {
        Encoding encoding = Encoding.GetEncoding(name);
        System.IO.File.WriteAllBytes(Path, [.. hasMark ? encoding.GetPreamble() : [], .. encoding.GetBytes("{ \"interval\": \"1s\" }")]);
        Assert.Equal($"{Path}: the file is {said}; save it as UTF-8", WrongAt(Path));
    }

    [Fact]
    public void Dangling_symbolic_link_names_its_target()
    {
        System.IO.File.CreateSymbolicLink(Path, "elsewhere/agent.json");
        Assert.Equal(
            $"{Path}: is a symbolic link to elsewhere/agent.json, which does not exist; create that file, or give another path", WrongAt(Path));
        System.IO.File.Delete(Path);
        System.IO.File.CreateSymbolicLink(Path, _scratch["gone"]);
        Assert.Equal($"{Path}: is a symbolic link to {_scratch["gone"]}, which does not exist; create that file, or give another path", WrongAt(Path));
    }

    [Fact]
    public void Unreadable_file_is_reported()
    {
        string missing = _scratch["missing.json"];
        Assert.Equal($"{missing}: cannot be read: there is no such file; check the path", WrongAt(missing));
        missing = _scratch["missing/agent.json"];
        Assert.Equal($"{missing}: cannot be read: there is no such file; check the path", WrongAt(missing));
        Assert.Equal($"{_scratch.Path}: is a directory; give a file", WrongAt(_scratch.Path));
        System.IO.File.CreateSymbolicLink(Path, _scratch.Path);
        Assert.Equal($"{Path}: is a directory; give a file", WrongAt(Path));
        System.IO.File.Delete(Path);
        System.IO.File.CreateSymbolicLink(Path, Path);
        Assert.StartsWith($"{Path}: ", WrongAt(Path));
        Assert.Equal("/dev/zero: larger than 4 MiB; this is not a configuration file", WrongAt("/dev/zero"));
    }

    private static string WrongAt(string path) => Assert.Throws<ConfigurationException>(
        () => new SettingsReader(_ => null).Read(new CommandLineValues(("--config", path)))).Message;

    private Settings Read(string text, CommandLineValues? given = null, params (string Name, string Value)[] environment)
    {
        System.IO.File.WriteAllText(Path, text);
        return new SettingsReader(name => name == "AGENT_CONFIG" ? Path : environment.FirstOrDefault(variable => variable.Name == name).Value)
            .Read(given ?? new CommandLineValues());
    }

    private static string OriginOf(string name, Settings settings) => settings.Effective.Single(setting => setting.Name == name).Origin;

    private string Wrong(string text, CommandLineValues? given = null) => Assert.Throws<ConfigurationException>(() => Read(text, given)).Message;
}
