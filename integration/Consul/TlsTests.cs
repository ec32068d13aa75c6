using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Testing;

namespace Integration.Consul;

/// <summary>A real Consul with its HTTPS port: connections there hold slots, and both ports share one limit per client.</summary>
[StartsProgram]
public sealed class TlsTests : IDisposable
{
    private const int Limit = 50;

    private readonly Scratch _scratch = new();
    private readonly TestAuthority _authority;

    public TlsTests() => _authority = new TestAuthority(_scratch, "authority");

    public void Dispose()
    {
        _authority.Dispose();
        _scratch.Dispose();
    }

    [Theory]
    [InlineData(0, 50)]
    [InlineData(20, 30)]
    [InlineData(1, 2)]
    public async Task Both_ports_share_one_limit(int plain, int secure)
    {
        using HostWithConsul host = await StartAsync();
        host.Clients.KeepAlive(plain);
        Secure(host, secure);

        await host.AssertSlotsAsync(Limit, [("127.0.0.1", plain + secure)], ConsulServer.HttpPort, ConsulServer.HttpsPort);

        ConsulCensus httpAlone = await host.CountAsync(["--limit", $"{Limit}", .. HostWithConsul.Ports([ConsulServer.HttpPort])]);
        Assert.Equal(plain, httpAlone.HeldBy("127.0.0.1"));
        ConsulCensus httpsAlone = await host.CountAsync(["--limit", $"{Limit}", .. HostWithConsul.Ports([ConsulServer.HttpsPort])]);
        Assert.Equal(secure, httpsAlone.HeldBy("127.0.0.1"));
    }

    [Theory]
    // The first bytes of a 512-byte handshake record; and nothing at all.
    [InlineData("\u0016\u0003\u0001\u0002\0")]
    [InlineData("")]
    public async Task Unfinished_handshake_holds_a_slot(string sent)
    {
        using HostWithConsul host = await StartAsync();
        host.Clients.Send(27, sent, port: ConsulServer.HttpsPort);
        host.Clients.WaitUntilAccepted(port: ConsulServer.HttpsPort);

        await host.AssertSlotsAsync(Limit, [("127.0.0.1", 27)], ConsulServer.HttpPort, ConsulServer.HttpsPort);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task HTTP_2_connection_holds_one_slot_for_any_number_of_requests(int requests)
    {
        using HostWithConsul host = await StartAsync();
        foreach (Socket socket in host.Clients.Connect(12, port: ConsulServer.HttpsPort))
        {
            SslStream stream = Secure(socket, SslApplicationProtocol.Http2);
            stream.Write(Http2.Preface);
            for (int i = 0; i < requests; i++)
            {
                stream.Write(Http2.Get(i, "/v1/kv/none?index=999999999&wait=9m"));
            }

            Assert.Equal(Http2.SettingsFrame, Http2.ReadFrameType(stream));
        }

        await host.AssertSlotsAsync(Limit, [("127.0.0.1", 12)], ConsulServer.HttpPort, ConsulServer.HttpsPort);
    }

    [Fact]
    public async Task Silent_connections_to_the_HTTPS_port_fill_the_limit()
    {
        using HostWithConsul host = await StartAsync();
        host.Clients.Connect(400, port: ConsulServer.HttpsPort);
        host.Clients.WaitUntilAccepted(port: ConsulServer.HttpsPort);

        ConsulCensus census = await host.CountAsync(
            ["--limit", $"{Limit}", "--warn", "80%", "--critical", "95%", .. HostWithConsul.Ports([ConsulServer.HttpPort, ConsulServer.HttpsPort])]);

        // Consul counts a connection after it has accepted it, so that one more than the limit may be open while it closes that one.
        Assert.Equal((2, ""), (census.ExitCode, census.Errors));
        Assert.InRange(census.HeldBy("127.0.0.1"), Limit, Limit + 1);
        Assert.Equal(0, host.Clients.FreeSlots());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reset_connection_to_the_HTTPS_port_holds_a_slot_during_a_blocking_query_only(bool isSilent)
    {
        using HostWithConsul host = await StartAsync();
        IReadOnlyList<Socket> sockets = host.Clients.Connect(14, port: ConsulServer.HttpsPort);
        foreach (Socket socket in sockets)
        {
            SslStream stream = Secure(socket, SslApplicationProtocol.Http11);
            if (!isSilent)
            {
                // Consul ends its part of the handshake after the client. A reset before that would fail the handshake.
                Ask(stream);
                stream.Write("GET /v1/kv/none?index=999999999&wait=9m HTTP/1.1\r\nHost: consul\r\n\r\n"u8);
            }
        }

        await host.WaitUntilReadAsync(ConsulServer.HttpsPort);
        ConsulClients.Reset(sockets);
        string[] ports = [.. HostWithConsul.Ports([ConsulServer.HttpPort, ConsulServer.HttpsPort])];
        int held = isSilent ? 0 : 14;
        await Poll.Until(async () => (await host.CountAsync(ports)).Held == held, $"Consul has given back {14 - held} slots");

        await host.AssertSlotsAsync(Limit, [("127.0.0.1", held)], ConsulServer.HttpPort, ConsulServer.HttpsPort);
    }

    [Fact]
    public async Task Reset_HTTP_2_connection_holds_no_slot()
    {
        using HostWithConsul host = await StartAsync();
        IReadOnlyList<Socket> sockets = host.Clients.Connect(12, port: ConsulServer.HttpsPort);
        foreach (Socket socket in sockets)
        {
            SslStream stream = Secure(socket, SslApplicationProtocol.Http2);
            stream.Write(Http2.Preface);
            stream.Write(Http2.Get(0, "/v1/kv/none?index=999999999&wait=9m"));
            Assert.Equal(Http2.SettingsFrame, Http2.ReadFrameType(stream));
        }

        await host.WaitUntilReadAsync(ConsulServer.HttpsPort);
        ConsulClients.Reset(sockets);
        string[] ports = [.. HostWithConsul.Ports([ConsulServer.HttpPort, ConsulServer.HttpsPort])];
        await Poll.Until(async () => (await host.CountAsync(ports)).Held == 0, "Consul has given back all slots");

        await host.AssertSlotsAsync(Limit, [("127.0.0.1", 0)], ConsulServer.HttpPort, ConsulServer.HttpsPort);
    }

    [Fact]
    public async Task Each_client_of_the_HTTPS_port_has_its_own_limit()
    {
        using HostWithConsul host = await StartAsync();
        Secure(host, 50, "127.0.0.2");
        Secure(host, 11, "127.0.0.3");
        host.Clients.KeepAlive(4, "127.0.0.3");

        await host.AssertSlotsAsync(Limit, [("127.0.0.2", 50), ("127.0.0.3", 15)], ConsulServer.HttpPort, ConsulServer.HttpsPort);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Limit_is_read_over_TLS_only_with_a_trusted_authority(bool isTrusted)
    {
        using HostWithConsul host = await StartAsync(77);
        List<(string, string)> variables = [("CONSUL_HTTP_ADDR", $"https://127.0.0.1:{ConsulServer.HttpsPort}")];
        if (isTrusted)
        {
            variables.Add(("CONSUL_CACERT", _authority.CaFile));
        }

        ConsulCensus census = await host.CountAsync(HostWithConsul.Ports([ConsulServer.HttpPort, ConsulServer.HttpsPort]), variables);

        if (isTrusted)
        {
            Assert.Equal((77, ""), (census.Limit, census.Errors));
        }
        else
        {
            Assert.Null(census.Limit);
            Assert.Contains("CONSUL_CACERT", Assert.Single(census.Errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(ConsulServer.HttpPort, ConsulServer.HttpsPort)]
    [InlineData(ConsulServer.HttpsPort, ConsulServer.HttpPort)]
    public async Task Watch_of_only_one_of_both_ports_logs_that_they_share_a_limit(int counted, int leftOut)
    {
        using HostWithConsul host = await StartAsync();

        ConsulCensus one = await host.CountAsync(["--watch", "consul", .. HostWithConsul.Ports([counted])]);
        ConsulCensus both = await host.CountAsync(["--watch", "consul", .. HostWithConsul.Ports([counted, leftOut])]);

        Assert.Contains($"port {counted} also listens on {leftOut}", Assert.Single(one.Errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.Equal("", both.Errors);
    }

    [Theory]
    [InlineData(50, 0)]
    [InlineData(20, 30)]
    [InlineData(0, 50)]
    public async Task Full_Consul_is_not_OK_over_TLS(int plain, int secure)
    {
        using HostWithConsul host = await StartAsync();
        host.Clients.KeepAlive(plain);
        Secure(host, secure);

        ConsulCensus census = await host.CountAsync(
            ["--warn", "80%", "--critical", "95%", .. HostWithConsul.Ports([ConsulServer.HttpPort, ConsulServer.HttpsPort])],
            ("CONSUL_HTTP_ADDR", $"https://127.0.0.1:{ConsulServer.HttpsPort}"),
            ("CONSUL_CACERT", _authority.CaFile));

        (int exitCode, string refusal) = host.Consul.Answers429 ? (2, "answers 429") : (3, "it is full, or this is not Consul's port");
        Assert.Equal((exitCode, null, 50), (census.ExitCode, census.Limit, census.HeldBy("127.0.0.1")));
        Assert.Contains(refusal, Assert.Single(census.Errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    private Task<HostWithConsul> StartAsync(int limit = Limit)
    {
        using X509Certificate2 certificate = _authority.Server("127.0.0.1");
        File.WriteAllText(_scratch["server.pem"], certificate.ExportCertificatePem());
        File.WriteAllText(_scratch["server-key.pem"], certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        return HostWithConsul.StartAsync(limit, $$"""
            "ports": { "https": {{ConsulServer.HttpsPort}} }, "ca_file": "{{_authority.CaFile}}",
            "cert_file": "{{_scratch["server.pem"]}}", "key_file": "{{_scratch["server-key.pem"]}}"
            """);
    }

    /// <summary>Opens connections to the HTTPS port, makes a request on each, and keeps them open.</summary>
    private void Secure(HostWithConsul host, int count, string from = "127.0.0.1")
    {
        foreach (Socket socket in host.Clients.Connect(count, from, port: ConsulServer.HttpsPort))
        {
            Ask(Secure(socket, SslApplicationProtocol.Http11));
        }
    }

    /// <summary>Makes a request and reads the answer.</summary>
    private static void Ask(SslStream stream)
    {
        stream.Write("GET /v1/status/leader HTTP/1.1\r\nHost: consul\r\n\r\n"u8);
        byte[] answer = new byte[4096];
        Assert.StartsWith("HTTP/1.1 200 ", Encoding.ASCII.GetString(answer[..stream.Read(answer)]), StringComparison.Ordinal);
    }

    // The stream is not disposed, because that would send a TLS alert. ConsulClients closes the sockets.
    private SslStream Secure(Socket socket, SslApplicationProtocol protocol)
    {
        SslStream stream = new(new NetworkStream(socket), leaveInnerStreamOpen: true);
        stream.AuthenticateAsClient(new SslClientAuthenticationOptions
        {
            TargetHost = "127.0.0.1",
            ApplicationProtocols = [protocol],
            RemoteCertificateValidationCallback = (_, certificate, _, _) => _authority.Signed(certificate),
        });
        Assert.Equal(protocol, stream.NegotiatedApplicationProtocol);
        return stream;
    }
}
