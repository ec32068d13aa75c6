using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Testing;

namespace Agent.Tests.Publishing.Http;

/// <summary>Clients that shut down their side of the connection after the request and wait for the answer, as "printf … | ncat" does.</summary>
public sealed class HalfClosedTests
{
    private const int Clients = 200;
    private const string OldRequest = "GET PATH HTTP/1.0\r\n\r\n";
    private const string Request = "GET PATH HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Closing = "GET PATH HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(OldRequest, "/metrics", 200, "x 1\n")]
    [InlineData(Request, "/metrics", 200, "x 1\n")]
    [InlineData(Closing, "/metrics", 200, "x 1\n")]
    [InlineData(OldRequest, "/health", 200, "alive\n")]
    [InlineData(Request, "/ready", 200, "{\"ready\":true}\n")]
    [InlineData(Request, "/configz", 200, "]}\n")]
    [InlineData(OldRequest, "/", 200, "</html>\n")]
    [InlineData(OldRequest, "/nothing", 404, "lists the paths\n")]
    public async Task Half_closed_client_gets_the_whole_answer(string request, string path, int status, string end)
    {
        await using RunningEndpoint endpoint = await RunningEndpoint.Start();
        await AskOften(endpoint, For(request, path), status, end);
    }

    [Theory]
    [InlineData(OldRequest)]
    [InlineData(Request)]
    public async Task Half_closed_client_gets_the_whole_large_answer(string request)
    {
        string large = string.Concat(Enumerable.Range(0, 100_000).Select(i => $"x{{number=\"{i}\"}} 1\n"));
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(new FakeContent { Metrics = _ => large });
        for (int i = 0; i < 10; i++)
        {
            Assert.EndsWith("\r\n\r\n" + large, await AskAndEnd(endpoint, For(request, "/metrics")));
        }
    }

    [Theory]
    [InlineData(OldRequest)]
    [InlineData(Request)]
    public async Task Half_closed_client_without_the_token_gets_401(string request)
    {
        using Scratch scratch = new();
        await File.WriteAllTextAsync(scratch["token"], "sesame", Cancelled);
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(configure: settings => settings with { TokenFile = scratch["token"] });
        await AskOften(endpoint, For(request, "/metrics"), 401, "a bearer token is required\n");
    }

    [Theory]
    [InlineData(OldRequest)]
    [InlineData(Request)]
    public async Task Half_closed_client_over_its_quota_gets_429(string request)
    {
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(configure: settings => settings with { RequestsPerMinute = 1 });
        await AskAndEnd(endpoint, For(request, "/metrics"));
        await AskOften(endpoint, For(request, "/metrics"), 429, " s\n");
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Half_closed_TLS_client_gets_the_whole_answer(SslProtocols protocol)
    {
        using Scratch scratch = new();
        using TestAuthority root = new(scratch, "root");
        using X509Certificate2 certificate = root.Server("127.0.0.1");
        await File.WriteAllTextAsync(scratch["server.pem"], certificate.ExportCertificatePem(), Cancelled);
        await File.WriteAllTextAsync(scratch["key.pem"], certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem(), Cancelled);
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(
            configure: settings => settings with { CertificateFile = scratch["server.pem"], KeyFile = scratch["key.pem"] });
        for (int i = 0; i < Clients / 4; i++)
        {
            using Socket socket = await endpoint.Connect();
            await using NetworkStream plain = new(socket);
            await using SslStream secured = new(plain, leaveInnerStreamOpen: true, (_, shown, _, _) => shown is not null);
            await secured.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", EnabledSslProtocols = protocol }, Cancelled);
            await secured.WriteAsync(Encoding.ASCII.GetBytes(For(OldRequest, "/metrics")), Cancelled);
            socket.Shutdown(SocketShutdown.Send);
            using StreamReader reader = new(secured);
            AssertComplete(await reader.ReadToEndAsync(Cancelled), 200, "x 1\n");
        }
    }

    [Fact]
    public async Task Clients_that_disconnect_before_their_answer_leave_no_connection_behind()
    {
        string large = new('x', 4_000_000);
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(new FakeContent { Metrics = _ => large });
        // More connections than one client may have. Each is closed while its answer is being sent.
        for (int i = 0; i < 100; i++)
        {
            using Socket socket = await endpoint.Connect();
            await RawHttp.Send(socket, For(Request, "/metrics"));
            socket.LingerState = new LingerOption(i % 2 == 0, 0);
        }

        await Poll.Until(
            async () => (await RawHttp.Ask(endpoint, For(Closing, "/health"))).EndsWith("alive\n", StringComparison.Ordinal),
            "there is room for a connection");
        Assert.Equal([$"Information: listening on http://{endpoint.Address}"], endpoint.Log);
    }

    [Theory]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: x\r\n")]
    [InlineData("GET /met")]
    [InlineData("")]
    public async Task Half_closed_client_without_a_whole_request_gets_no_metrics(string part)
    {
        await using RunningEndpoint endpoint = await RunningEndpoint.Start();
        Assert.DoesNotContain("x 1\n", await AskAndEnd(endpoint, part));
    }

    private static string For(string request, string path) => request.Replace("PATH", path, StringComparison.Ordinal);

    private static async Task AskOften(RunningEndpoint endpoint, string request, int status, string end)
    {
        for (int i = 0; i < Clients; i++)
        {
            AssertComplete(await AskAndEnd(endpoint, request), status, end);
        }
    }

    private static void AssertComplete(string answer, int status, string end)
    {
        Assert.StartsWith($"HTTP/1.1 {status} ", answer);
        Assert.EndsWith(end, answer);
        string[] parts = answer.Split("\r\n\r\n", 2);
        Assert.Contains($"\r\nContent-Length: {Encoding.UTF8.GetByteCount(parts[1])}\r\n", parts[0] + "\r\n");
    }

    private static async Task<string> AskAndEnd(RunningEndpoint endpoint, string request)
    {
        using Socket socket = await endpoint.Connect();
        await RawHttp.Send(socket, request);
        socket.Shutdown(SocketShutdown.Send);
        return await RawHttp.ReadToEnd(socket);
    }
}
