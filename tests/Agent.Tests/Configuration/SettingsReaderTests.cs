using Agent.Configuration;
using Agent.Limits;
using Agent.Watching;

namespace Agent.Tests.Configuration;

public sealed class SettingsReaderTests
{
    [Fact]
    public void Defaults_count_Consul_every_second()
    {
        Settings settings = Read(new CommandLineValues());
        Assert.Equal("consul", Assert.Single(settings.Watches).Watch.Name);
        Assert.Equal([8500], Assert.Single(settings.Watches).Watch.Ports);
        Assert.Equal(new(TimeSpan.FromSeconds(1), "default"), settings.Interval);
        Assert.Equal(new("/tmp/node-exporter", "default"), settings.TextfileDirectory);
        Assert.Null(settings.Namespace.Value);
    }

    [Fact]
    public void Variables_override_the_defaults()
    {
        Settings settings = Read(
            new CommandLineValues(),
            ("CONSUL_PORT", "8500, 8501"), ("UPDATE_DELAY", "00:00:05"), ("TEXTFILE_DIRECTORY", "/var/lib/x"), ("AGENT_NETNS", "1"));
        Assert.Equal([8500, 8501], Assert.Single(settings.Watches).Watch.Ports);
        Assert.Equal("CONSUL_PORT", OriginOf("consul.ports", settings));
        Assert.Equal(new(TimeSpan.FromSeconds(5), "UPDATE_DELAY"), settings.Interval);
        Assert.Equal(new("/var/lib/x", "TEXTFILE_DIRECTORY"), settings.TextfileDirectory);
        Assert.Equal("/proc/1/ns/net", settings.Namespace.Value!.Path);
    }

    [Fact]
    public void Command_line_overrides_the_variables()
    {
        CommandLineValues given = new(
            ("--port", "80"), ("--port", "443"), ("--watch", "web"), ("--interval", "2s"), ("--textfile-directory", "none"), ("--netns", "blue"));
        Settings settings = Read(
            given, ("CONSUL_PORT", "tcp://10.0.0.1:8500"), ("UPDATE_DELAY", "wrong"), ("TEXTFILE_DIRECTORY", "/x"), ("AGENT_NETNS", "0"));
        Assert.Equal("web", Assert.Single(settings.Watches).Watch.Name);
        Assert.Equal([80, 443], Assert.Single(settings.Watches).Watch.Ports);
        Assert.Equal(new(TimeSpan.FromSeconds(2), "--interval"), settings.Interval);
        Assert.Equal(new(null, "--textfile-directory"), settings.TextfileDirectory);
        Assert.Equal("/run/netns/blue", settings.Namespace.Value!.Path);
    }

    [Fact]
    public void Empty_variable_counts_as_unset()
    {
        Settings settings = Read(new CommandLineValues(), ("CONSUL_PORT", ""), ("UPDATE_DELAY", ""), ("TEXTFILE_DIRECTORY", ""), ("AGENT_NETNS", ""));
        Assert.Equal("default", OriginOf("consul.ports", settings));
        Assert.Equal("default", settings.Interval.Origin);
        Assert.Equal("default", settings.TextfileDirectory.Origin);
        Assert.Equal("default", settings.Namespace.Origin);
    }

    [Fact]
    public void Relative_directory_becomes_absolute() =>
        Assert.Equal(Path.GetFullPath("here"), Read(new CommandLineValues(("--textfile-directory", "here"))).TextfileDirectory.Value);

    [Theory]
    [InlineData("--port: '0' is not a port; give a number from 1 to 65535", "0")]
    [InlineData("--port: '65536' is not a port; give a number from 1 to 65535", "65536")]
    [InlineData("--port: 'abc' is not a port; give a number from 1 to 65535", "abc")]
    [InlineData("--port: '' is not a port; give a number from 1 to 65535", "")]
    [InlineData("--port: ' 80' is not a port; give a number from 1 to 65535", " 80")]
    [InlineData("--port: '+80' is not a port; give a number from 1 to 65535", "+80")]
    [InlineData("--port: '80,81' is not a port; repeat the option for each port", "80,81")]
    [InlineData("--port: port 80 is given twice; name it once", "80", "080")]
    public void Invalid_ports_are_rejected(string message, params string[] ports) =>
        Refused(message, WithPorts(ports));

    [Theory]
    [InlineData("8500,,8501", "CONSUL_PORT: '' is not a port; give a number from 1 to 65535")]
    [InlineData("8500,8500", "CONSUL_PORT: port 8500 is given twice; name it once")]
    [InlineData("tcp://10.0.0.1:8500", "CONSUL_PORT: 'tcp://10.0.0.1:8500' is set by Kubernetes for a service named consul; "
        + "put 'enableServiceLinks: false' into the pod's spec, or give --port")]
    public void Invalid_ports_of_CONSUL_PORT_are_rejected(string value, string message) =>
        Refused(message, new CommandLineValues(), ("CONSUL_PORT", value));

    [Theory]
    [InlineData("0s", "--interval: '0s' is not between 1ms and 24h")]
    [InlineData("-1s", "--interval: '-1s' is not between 1ms and 24h")]
    [InlineData("1ns", "--interval: '1ns' is not between 1ms and 24h")]
    [InlineData("25h", "--interval: '25h' is not between 1ms and 24h")]
    [InlineData("1000001ns", "--interval: '1000001ns' is not a whole number of milliseconds")]
    [InlineData("1.5ms", "--interval: '1.5ms' is not a whole number of milliseconds")]
    [InlineData("fast", "--interval: 'fast' is not a duration; write it like 500ms, 1s, 1m30s or 00:01:30")]
    [InlineData("5", "--interval: '5' has no unit; write it like 500ms, 1s, 1m30s or 00:01:30")]
    public void Invalid_intervals_are_rejected(string value, string message) => Refused(message, new CommandLineValues(("--interval", value)));

    [Fact]
    public void Error_names_the_variable_of_the_value() =>
        Refused("UPDATE_DELAY: '5' has no unit; write it like 500ms, 1s, 1m30s or 00:01:30", new CommandLineValues(), ("UPDATE_DELAY", "5"));

    [Theory]
    [InlineData(null, null, 200, "default")]
    [InlineData("consul", null, 200, "default")]
    [InlineData("web", null, null, "default")]
    [InlineData("web", "50", 50, "--limit")]
    [InlineData("consul", "none", null, "--limit")]
    public void Default_limit_of_200_applies_only_to_the_watch_consul(string? watch, string? limit, int? expected, string origin)
    {
        Settings settings = Read(new CommandLineValues(("--watch", watch), ("--limit", limit)));
        Assert.Equal(new ClientLimit(expected, origin), Assert.Single(settings.Watches).Watch.Limit);
    }

    [Theory]
    [InlineData("consul", 200, "8500")]
    [InlineData("consul", 200, "8501")]
    [InlineData("consul", 200, "8500", "8501")]
    [InlineData("443", null, "443")]
    [InlineData("80,443", null, "80", "443")]
    [InlineData("8500,443", null, "8500", "443")]
    public void Other_ports_than_Consuls_name_the_watch_and_have_no_limit(string name, int? limit, params string[] ports)
    {
        // An empty variable counts as unset.
        foreach (string address in new[] { "", "127.0.0.1:8500" })
        {
            Settings settings = Read(WithPorts(ports), ("CONSUL_HTTP_ADDR", address));
            Watch watch = Assert.Single(settings.Watches).Watch;
            bool isAsked = address.Length > 0 && name == "consul";
            Assert.Equal((name, isAsked ? null : limit), (watch.Name, watch.Limit.Value));
            Assert.Equal((isAsked, isAsked), (watch.Limit.IsUnknown, watch.LimitFrom is not null));
        }
    }

    [Fact]
    public void Option_watch_and_CONSUL_PORT_make_other_ports_those_of_Consul()
    {
        Assert.Equal(200, Assert.Single(Read(new CommandLineValues(("--port", "443"), ("--watch", "consul"))).Watches).Watch.Limit.Value);
        WatchSettings fromVariable = Assert.Single(Read(new CommandLineValues(), ("CONSUL_PORT", "443,8500")).Watches);
        Assert.Equal(("consul", 200), (fromVariable.Watch.Name, fromVariable.Watch.Limit.Value));
        Assert.Equal(100, Assert.Single(Read(new CommandLineValues(("--port", "443"), ("--limit", "100"))).Watches).Watch.Limit.Value);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("many")]
    [InlineData("")]
    [InlineData("99999999999")]
    public void Invalid_limits_are_rejected(string limit) =>
        Refused($"--limit: '{limit}' is not a limit; give a number of at least 1, or none", new CommandLineValues(("--limit", limit)));

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("none")]
    [InlineData("")]
    [InlineData("99999999999")]
    public void Invalid_total_limits_are_rejected(string limit) =>
        Refused($"--total-limit: '{limit}' is not a total limit; give a number of at least 1", new CommandLineValues(("--total-limit", limit)));

    [Fact]
    public void Total_limit_is_a_setting_in_force_with_its_origin()
    {
        Settings settings = Read(new CommandLineValues(("--total-limit", "1000")));
        Assert.Equal(new TotalLimit(1000, "--total-limit"), settings.Watches[0].Watch.TotalLimit);
        Assert.Contains(new EffectiveSetting("consul.totalLimit", "1000", "--total-limit"), settings.Effective);
        Settings without = Read(new CommandLineValues());
        Assert.Null(without.Watches[0].Watch.TotalLimit);
        Assert.DoesNotContain(without.Effective, setting => setting.Name == "consul.totalLimit");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\nb")]
    public void Invalid_watch_names_are_rejected(string name) =>
        Refused("--watch: the name must have 1 to 64 characters and no control character", new CommandLineValues(("--watch", name)));

    [Fact]
    public void Invalid_namespaces_and_directories_are_rejected()
    {
        Refused("--netns: '0' is not a process id", new CommandLineValues(("--netns", "0")));
        Refused("--textfile-directory: the path is empty; give a directory, or none", new CommandLineValues(("--textfile-directory", "")));
    }

    [Fact]
    public void Too_many_series_are_rejected()
    {
        string[] ports = [.. Enumerable.Range(1, 1426).Select(port => $"{port * 2}")];
        Assert.Equal(1425, Read(WithPorts(ports[..1425])).Watches[0].Watch.Ports.Length);
        Refused("--port: these watches can produce 10004 series, and the maximum is 10000; configure fewer ports, or show fewer clients", WithPorts(ports));
    }

    private static CommandLineValues WithPorts(string[] ports) => new([.. ports.Select(port => ("--port", port))]);

    private static Settings Read(CommandLineValues given, params (string Name, string Value)[] environment) =>
        new SettingsReader(name => environment.FirstOrDefault(variable => variable.Name == name).Value).Read(given);

    private static string OriginOf(string name, Settings settings) => settings.Effective.Single(setting => setting.Name == name).Origin;

    private static void Refused(string message, CommandLineValues given, params (string Name, string Value)[] environment) =>
        Assert.Equal(message, Assert.Throws<ConfigurationException>(() => Read(given, environment)).Message);
}
