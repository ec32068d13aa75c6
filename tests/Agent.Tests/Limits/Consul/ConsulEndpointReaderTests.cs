using Agent.Limits.Consul;

namespace Agent.Tests.Limits.Consul;

public sealed class ConsulEndpointReaderTests
{
    private static readonly LimitFrom Nothing = new();

    [Fact]
    public void Consul_is_asked_only_if_it_is_configured()
    {
        Assert.Null(Reader().ReadVariables());
        Assert.Null(Reader("CONSUL_HTTP_ADDR=", "CONSUL_HTTP_TOKEN=t").ReadVariables());
        Assert.Equal("consul at http://127.0.0.1:8500", Reader("CONSUL_HTTP_ADDR=127.0.0.1:8500").ReadVariables()!.Name);
        Assert.Equal("consul at http://127.0.0.1:8500", Reader().Read(Nothing).Name);
    }

    [Theory]
    [InlineData("127.0.0.1:8500", null, "http://127.0.0.1:8500")]
    [InlineData("http://127.0.0.1:8500", null, "http://127.0.0.1:8500")]
    [InlineData("http://127.0.0.1:8500/", null, "http://127.0.0.1:8500")]
    [InlineData("https://consul.example:8501", null, "https://consul.example:8501")]
    [InlineData("https://consul.example/prefix/", null, "https://consul.example/prefix")]
    [InlineData("consul.example", null, "http://consul.example")]
    [InlineData("[::1]:8500", null, "http://[::1]:8500")]
    [InlineData("my_consul:8500", null, "http://my_consul:8500")]
    [InlineData("8500.example:8500", null, "http://8500.example:8500")]
    [InlineData("127.0.0.1:8501", "true", "https://127.0.0.1:8501")]
    [InlineData("http://127.0.0.1:8501", "1", "https://127.0.0.1:8501")]
    [InlineData("https://127.0.0.1:8501", "false", "https://127.0.0.1:8501")]
    [InlineData("127.0.0.1:8500", "", "http://127.0.0.1:8500")]
    public void Address_is_parsed_as_by_Consuls_own_program(string address, string? ssl, string root)
    {
        ConsulEndpoint endpoint = Reader($"CONSUL_HTTP_ADDR={address}", $"CONSUL_HTTP_SSL={ssl}").ReadVariables()!;
        Assert.Equal($"consul at {root}", endpoint.Name);
        Assert.Equal($"{root}/v1/agent/self", endpoint.SelfAddress.AbsoluteUri);
        Assert.Equal(root.StartsWith("https", StringComparison.Ordinal), endpoint.IsSecure);
    }

    [Theory]
    [InlineData("unix:///var/run/consul.sock",
        "'unix:///var/run/consul.sock' is a unix socket, but the agent asks Consul over TCP; write http://127.0.0.1:8500")]
    [InlineData("tcp://127.0.0.1:8500", "'tcp://127.0.0.1:8500' is neither http:// nor https://; write it like http://127.0.0.1:8500")]
    [InlineData("http://", "'http://' is not an address; write it like http://127.0.0.1:8500")]
    [InlineData("127.0.0.1:85000", "'127.0.0.1:85000' is not an address; write it like http://127.0.0.1:8500")]
    [InlineData("127.0.0.1:0", "'127.0.0.1:0' is not an address; write it like http://127.0.0.1:8500")]
    [InlineData("8500", "'8500' has a host that is neither a name nor four decimal numbers without leading zeros; write it like http://127.0.0.1:8500")]
    [InlineData("0177.0.0.1:8500", "'0177.0.0.1:8500' has a host that is neither a name nor four decimal numbers without leading zeros; write it like http://127.0.0.1:8500")]
    [InlineData("010.0.0.1", "'010.0.0.1' has a host that is neither a name nor four decimal numbers without leading zeros; write it like http://127.0.0.1:8500")]
    [InlineData("http://0x7f.1:8500", "'http://0x7f.1:8500' has a host that is neither a name nor four decimal numbers without leading zeros; write it like http://127.0.0.1:8500")]
    [InlineData("https://127.1/prefix", "'https://127.1/prefix' has a host that is neither a name nor four decimal numbers without leading zeros; write it like http://127.0.0.1:8500")]
    [InlineData("2130706433:8500", "'2130706433:8500' has a host that is neither a name nor four decimal numbers without leading zeros; write it like http://127.0.0.1:8500")]
    [InlineData("0X7F000001", "'0X7F000001' has a host that is neither a name nor four decimal numbers without leading zeros; write it like http://127.0.0.1:8500")]
    [InlineData("１２７.0.0.1:8500", "'１２７.0.0.1:8500' is not an address; write it like http://127.0.0.1:8500")]
    [InlineData("http://127。0。0。1:8500", "'http://127。0。0。1:8500' is not an address; write it like http://127.0.0.1:8500")]
    [InlineData("%31%32%37.0.0.1", "'%31%32%37.0.0.1' is not an address; write it like http://127.0.0.1:8500")]
    [InlineData("127.0.0.1:", "'127.0.0.1:' is not an address; write it like http://127.0.0.1:8500")]
    [InlineData("127.0.0.1:08500", "'127.0.0.1:08500' is not an address; write it like http://127.0.0.1:8500")]
    [InlineData("::1", "'::1' is not an address; write it like http://127.0.0.1:8500")]
    [InlineData(":8500", "':8500' is not an address; write it like http://127.0.0.1:8500")]
    [InlineData(@"127.0.0.1\evil.example", @"'127.0.0.1\evil.example' is not an address; write it like http://127.0.0.1:8500")]
    [InlineData("a b", "'a b' is not an address; write it like http://127.0.0.1:8500")]
    [InlineData("127.0.0.1:8500?token=t", "'127.0.0.1:8500?token=t' is not an address; write it like http://127.0.0.1:8500")]
    [InlineData("http://me:5ecret@127.0.0.1:8500",
        "the address must not have a user name or a password; remove the part before the @")]
    public void Other_addresses_are_rejected_with_advice(string address, string reason)
    {
        Assert.Equal(
            $"CONSUL_HTTP_ADDR: {reason}",
            Assert.Throws<FormatException>(() => Reader($"CONSUL_HTTP_ADDR={address}").ReadVariables()).Message);
        Assert.Equal(
            $"limitFrom.consul: {reason}",
            Assert.Throws<FormatException>(() => Reader().Read(new LimitFrom { Consul = address })).Message);
    }

    [Fact]
    public void Every_variable_is_read()
    {
        ConsulEndpoint endpoint = Reader(
            "CONSUL_HTTP_ADDR=https://127.0.0.1:8501",
            "CONSUL_HTTP_TOKEN=t",
            "CONSUL_HTTP_TOKEN_FILE=/token",
            "CONSUL_CACERT=/ca.pem",
            "CONSUL_CLIENT_CERT=/c.pem",
            "CONSUL_CLIENT_KEY=/k.pem",
            "CONSUL_TLS_SERVER_NAME=server.dc1.consul",
            "CONSUL_HTTP_SSL_VERIFY=false").ReadVariables()!;
        Assert.Equal(
            new ConsulEndpoint(new Uri("https://127.0.0.1:8501"))
            {
                Token = "t",
                TokenFile = "/token",
                CaFile = "/ca.pem",
                CertificateFile = "/c.pem",
                KeyFile = "/k.pem",
                ServerName = "server.dc1.consul",
                VerifiesCertificate = false,
                Timeout = TimeSpan.FromSeconds(2),
            },
            endpoint);
    }

    [Fact]
    public void Keys_of_the_file_take_precedence_over_variables()
    {
        LimitFrom from = new()
        {
            Consul = "http://10.0.0.1:8500",
            TokenFile = "/file/token",
            CaFile = "/file/ca",
            CertificateFile = "/file/c",
            KeyFile = "/file/k",
        };
        string[] variables =
        [
            "CONSUL_HTTP_ADDR=http://127.0.0.1:8500", "CONSUL_HTTP_TOKEN=t", "CONSUL_HTTP_TOKEN_FILE=/v", "CONSUL_CACERT=/v",
            "CONSUL_CLIENT_CERT=/v", "CONSUL_CLIENT_KEY=/v",
        ];
        ConsulEndpoint endpoint = Reader(variables).Read(from);
        Assert.Equal("consul at http://10.0.0.1:8500", endpoint.Name);
        Assert.Equal(("t", "/file/token", "/file/ca"), (endpoint.Token, endpoint.TokenFile, endpoint.CaFile));
        Assert.Equal(("/file/c", "/file/k"), (endpoint.CertificateFile, endpoint.KeyFile));
        Assert.Equal("/v", Reader(variables).Read(Nothing).CaFile);
    }

    [Theory]
    [InlineData("server.dc1.consul:8501", "server.dc1.consul")]
    [InlineData("[::1]:8501", "::1")]
    [InlineData("[::1]", "::1")]
    public void Port_after_the_server_name_is_ignored(string given, string name) =>
        Assert.Equal(name, Reader($"CONSUL_TLS_SERVER_NAME={given}").Read(Nothing).ServerName);

    [Theory]
    [InlineData("8500", "has a host that is neither a name nor four decimal numbers without leading zeros")]
    [InlineData("0177.0.0.1", "has a host that is neither a name nor four decimal numbers without leading zeros")]
    [InlineData("::1", "is not an address")]
    [InlineData(":8501", "is not an address")]
    [InlineData("server.dc1.consul:", "is not an address")]
    [InlineData("１２７.0.0.1", "is not an address")]
    public void Server_name_that_is_not_a_host_is_rejected(string name, string reason) =>
        Assert.Equal(
            $"CONSUL_TLS_SERVER_NAME: '{name}' {reason}; write it like server.dc1.consul, 127.0.0.1 or [::1]",
            Assert.Throws<FormatException>(() => Reader($"CONSUL_TLS_SERVER_NAME={name}").Read(Nothing)).Message);

    [Fact]
    public void Zone_of_an_address_is_kept() =>
        Assert.Equal("fe80::1%lo", Reader("CONSUL_HTTP_ADDR=[fe80::1%lo]:8500").ReadVariables()!.Address.DnsSafeHost);

    [Theory]
    [InlineData("CONSUL_HTTP_SSL")]
    [InlineData("CONSUL_HTTP_SSL_VERIFY")]
    public void Variable_that_is_neither_true_nor_false_is_rejected(string variable) =>
        Assert.Equal(
            $"{variable}: 'yes' is neither true nor false; write one of them",
            Assert.Throws<FormatException>(() => Reader($"{variable}=yes").Read(Nothing)).Message);

    [Fact]
    public void Certificate_and_key_need_each_other()
    {
        Assert.Equal(
            "CONSUL_CLIENT_CERT: a certificate needs its key; set keyFile or CONSUL_CLIENT_KEY too",
            Assert.Throws<FormatException>(() => Reader("CONSUL_CLIENT_CERT=/c").Read(Nothing)).Message);
        Assert.Equal(
            "limitFrom.keyFile: a key needs its certificate; set certificateFile or CONSUL_CLIENT_CERT too",
            Assert.Throws<FormatException>(() => Reader().Read(new LimitFrom { KeyFile = "/k" })).Message);
        Assert.Equal("/k", Reader("CONSUL_CLIENT_CERT=/c").Read(new LimitFrom { KeyFile = "/k" }).KeyFile);
    }

    [Fact]
    public void Empty_key_of_the_file_is_rejected() =>
        Assert.Equal(
            "limitFrom.tokenFile: it is empty; set a value or remove the key",
            Assert.Throws<FormatException>(() => Reader().Read(new LimitFrom { TokenFile = "" })).Message);

    [Fact]
    public void Endpoint_as_text_is_its_name_without_the_token() =>
        Assert.Equal(
            "consul at http://127.0.0.1:8500",
            Reader("CONSUL_HTTP_TOKEN=5ecre7").Read(Nothing).ToString());

    private static ConsulEndpointReader Reader(params string[] variables)
    {
        Dictionary<string, string> all = variables.Select(variable => variable.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        return new ConsulEndpointReader(all.GetValueOrDefault);
    }
}
