using Agent.Configuration;
using Testing;

namespace Agent.Tests.Configuration;

public sealed class EndpointReaderTests : IDisposable
{
    private readonly Scratch _scratch = new();

    private string ConfigurationFile => _scratch["agent.json"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Endpoint_is_off_by_default()
    {
        Settings settings = Read(new CommandLineValues());
        Assert.Null(settings.Endpoint);
        Assert.DoesNotContain(settings.Effective, setting => setting.Name.StartsWith("endpoint", StringComparison.Ordinal));
    }

    [Fact]
    public void Command_line_overrides_variables_and_variables_override_the_file()
    {
        Write("{\n \"endpoint\": {\n \"listen\": [\"127.0.0.9\"],\n \"tokenFile\": \"/file/token\", \"certificateFile\": \"/file/c\",\n \"keyFile\": \"/file/k\",\n \"requestsPerMinute\": 60 } }");
        Settings settings = Read(
            new CommandLineValues(("--listen", "127.0.0.1"), ("--listen", "[::1]:1"), ("--config", ConfigurationFile)),
            ("AGENT_LISTEN", "wrong"), ("AGENT_LISTEN_TOKEN_FILE", "/variable/token"), ("AGENT_LISTEN_KEY_FILE", ""));
        Assert.Equal(
            [
                "endpoint.listen 127.0.0.1:18500,[::1]:1 (--listen)",
                "endpoint.tokenFile /variable/token (AGENT_LISTEN_TOKEN_FILE)",
                $"endpoint.certificateFile /file/c ({ConfigurationFile}:4)",
                $"endpoint.keyFile /file/k ({ConfigurationFile}:5)",
                $"endpoint.requestsPerMinute 60 ({ConfigurationFile}:6)",
            ],
            OfEndpoint(settings));
    }

    [Fact]
    public void AGENT_LISTEN_is_a_comma_separated_list()
    {
        Assert.Equal(
            [
                "endpoint.listen 127.0.0.1:18500,[::1]:1 (AGENT_LISTEN)", "endpoint.tokenFile none (default)", "endpoint.certificateFile none (default)",
                "endpoint.keyFile none (default)", "endpoint.requestsPerMinute 600 (default)",
            ],
            OfEndpoint(Read(new CommandLineValues(), ("AGENT_LISTEN", "127.0.0.1, [::1]:1"))));
    }

    [Fact]
    public void Settings_with_different_origins_are_equal()
    {
        Write("{ \"endpoint\": { \"listen\": [\"127.0.0.1\"], \"tokenFile\": \"/token\" } }");
        EndpointSettings one = Read(new CommandLineValues(("--config", ConfigurationFile))).Endpoint!;
        EndpointSettings other = Read(new CommandLineValues(("--listen", "127.0.0.1:18500"), ("--listen-token-file", "/token"))).Endpoint!;
        Assert.Equal(one, other);
        Assert.NotEqual(one, other with { TokenFile = "/other" });
        Assert.NotEqual(one, other with { RequestsPerMinute = 1 });
    }

    [Fact]
    public void Relative_file_becomes_absolute() =>
        Assert.Equal(Path.GetFullPath("t"), Read(new CommandLineValues(("--listen", "127.0.0.1"), ("--listen-token-file", "t"))).Endpoint!.TokenFile);

    [Fact]
    public void Invalid_setting_is_reported_with_its_origin()
    {
        const string Useless = "has no effect without an address to listen on; give --listen, AGENT_LISTEN or endpoint.listen too";
        Refused($"--listen-token-file: {Useless}", new CommandLineValues(("--listen-token-file", "t")));
        Refused($"--listen-certificate-file: {Useless}", new CommandLineValues(("--listen-certificate-file", "t"), ("--listen-key-file", "t")));
        Refused($"AGENT_LISTEN_KEY_FILE: {Useless}", new CommandLineValues(), ("AGENT_LISTEN_KEY_FILE", "k"));
        Refused(
            "--listen-certificate-file: a certificate needs its key; give --listen-key-file, AGENT_LISTEN_KEY_FILE or endpoint.keyFile too",
            new CommandLineValues(("--listen", "127.0.0.1"), ("--listen-certificate-file", "c")));
        Refused(
            "AGENT_LISTEN_KEY_FILE: a key needs its certificate; "
                + "give --listen-certificate-file, AGENT_LISTEN_CERTIFICATE_FILE or endpoint.certificateFile too",
            new CommandLineValues(("--listen", "127.0.0.1")),
            ("AGENT_LISTEN_KEY_FILE", "k"));
        Refused("--listen-token-file: the path is empty; give a file, or remove the setting", new CommandLineValues(("--listen", "127.0.0.1"), ("--listen-token-file", "")));
        Refused("AGENT_LISTEN: 127.0.0.1:18500 is given twice; name it once", new CommandLineValues(), ("AGENT_LISTEN", "127.0.0.1,127.0.0.1:18500"));
    }

    [Theory]
    [InlineData("AGENT_LISTEN", "nonsense")]
    [InlineData("AGENT_LISTEN", "127.0.0.1,127.0.0.1")]
    [InlineData("AGENT_LISTEN_TOKEN_FILE", "/token")]
    [InlineData("AGENT_LISTEN_CERTIFICATE_FILE", "/certificate")]
    [InlineData("AGENT_LISTEN_KEY_FILE", "/key")]
    public void Once_ignores_the_variables_of_the_endpoint(string variable, string value)
    {
        Assert.Null(Read(new CommandLineValues { IsOnce = true }, (variable, value)).Endpoint);
        Assert.Throws<ConfigurationException>(() => Read(new CommandLineValues(), (variable, value)));
    }

    [Fact]
    public void Once_accepts_a_file_that_the_daemons_variables_complete()
    {
        CommandLineValues once = new(("--config", ConfigurationFile)) { IsOnce = true };
        Write("""{ "endpoint": { "tokenFile": "/token" } }""");
        Assert.Null(Read(once, ("AGENT_LISTEN", "127.0.0.1")).Endpoint);
        Assert.Throws<ConfigurationException>(() => Read(once));
        Write("""{ "endpoint": { "listen": ["127.0.0.1"], "certificateFile": "/certificate" } }""");
        Assert.NotNull(Read(once, ("AGENT_LISTEN_KEY_FILE", "/key")).Endpoint);
        Assert.Throws<ConfigurationException>(() => Read(once));
        Write("""{ "endpoint": { "listen": ["nonsense"] } }""");
        Assert.Throws<ConfigurationException>(() => Read(once, ("AGENT_LISTEN", "127.0.0.1")));
    }

    [Theory]
    [InlineData("\"requestsPerMinute\": 5", "endpoint.requestsPerMinute: has no effect without an address to listen on; give --listen, AGENT_LISTEN or endpoint.listen too")]
    [InlineData("\"listen\": [\"::1\"], \"requestsPerMinute\": 0", "endpoint.requestsPerMinute: '0' is not a number of requests; give a whole number from 1 to 1000000")]
    [InlineData("\"listen\": [\"::1\"], \"requestsPerMinute\": 1.5", "endpoint.requestsPerMinute: '1.5' is not a number of requests; give a whole number from 1 to 1000000")]
    [InlineData("\"listen\": []", "endpoint.listen: the list is empty; name an address")]
    [InlineData("\"listen\": [\"::1\", \"::1\"]", "endpoint.listen: [::1]:18500 is given twice; name it once")]
    [InlineData("\"listen\": [1]", "endpoint.listen[0]: expected a string in double quotes")]
    [InlineData("\"other\": 1", "endpoint.other: unknown key; docs/configuration.md lists the keys")]
    public void Invalid_setting_in_the_file_is_reported_with_line_and_key(string keys, string message)
    {
        Write($"{{\n \"endpoint\": {{\n {keys} }} }}");
        Refused($"{ConfigurationFile}:3: {message}", new CommandLineValues(("--config", ConfigurationFile)));
    }

    private static IEnumerable<string> OfEndpoint(Settings settings) =>
        settings.Effective.Select(setting => setting.ToString()).Where(text => text.StartsWith("endpoint", StringComparison.Ordinal));

    private void Write(string text) => System.IO.File.WriteAllText(ConfigurationFile, text);

    private static Settings Read(CommandLineValues given, params (string Name, string Value)[] environment) =>
        new SettingsReader(name => environment.FirstOrDefault(variable => variable.Name == name).Value).Read(given);

    private static void Refused(string message, CommandLineValues given, params (string Name, string Value)[] environment) =>
        Assert.Equal(message, Assert.Throws<ConfigurationException>(() => Read(given, environment)).Message);
}
