using System.Net;
using System.Net.NetworkInformation;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Agent.Postgres;
using Testing;

namespace Agent.Tests.Postgres;

/// <summary>Encryption, and what is refused without it.</summary>
public sealed class TransportTests : IDisposable
{
    private readonly Scratch _scratch = new();

    [Fact]
    public async Task Certificate_is_verified_as_configured()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        DatabaseLogin login = new("127.0.0.1", server.Port, "postgres", "agent") { PasswordFile = RunningDatabases.PasswordFile(), Tls = TlsMode.Require };
        Assert.Contains("does not offer TLS", (await ErrorOf(login)).Message, StringComparison.Ordinal);

        using TestAuthority authority = new(_scratch, "ca");
        using TestAuthority stranger = new(_scratch, "stranger");
        using X509Certificate2 right = authority.Server("127.0.0.1");
        await UseCertificate(server, right);

        Assert.Equal("t", await IsEncrypted(login));
        Assert.Equal("t", await IsEncrypted(login with { Tls = TlsMode.VerifyFull, CaFile = authority.CaFile }));
        Assert.Contains("not trusted", (await ErrorOf(login with { Tls = TlsMode.VerifyFull })).Message, StringComparison.Ordinal);
        DatabaseError foreign = await ErrorOf(login with { Tls = TlsMode.VerifyCa, CaFile = stranger.CaFile });
        Assert.Equal(ErrorType.Tls, foreign.Type);

        using X509Certificate2 other = authority.Server("db.example");
        await UseCertificate(server, other);

        Assert.Equal("t", await IsEncrypted(login with { Tls = TlsMode.VerifyCa, CaFile = authority.CaFile }));
        Assert.Contains(
            "is not for the name 127.0.0.1",
            (await ErrorOf(login with { Tls = TlsMode.VerifyFull, CaFile = authority.CaFile })).Message,
            StringComparison.Ordinal);
        Assert.Contains("caFile /nonexistent", (await ErrorOf(login with { CaFile = "/nonexistent" })).Message, StringComparison.Ordinal);
    }

    // 3: the password in clear text; 5: an MD5 hash. See AuthenticationCleartextPassword and AuthenticationMD5Password of the protocol.
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public async Task Password_is_not_shown_to_others_without_encryption(byte method)
    {
        IPAddress? own = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(address => address.Address)
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));
        Requires.That(own is not null, "this host has no address but loopback");
        using TcpListener listener = new(IPAddress.Any, 0);
        listener.Start();
        DatabaseLogin login = new(own!.ToString(), ((IPEndPoint)listener.LocalEndpoint).Port, "postgres", "agent") { PasswordFile = RunningDatabases.PasswordFile() };

        Task<byte[]> remote = AskForPassword(listener, method);
        DatabaseError error = await ErrorOf(login);
        Assert.Empty(await remote);
        Assert.Equal(ErrorType.Tls, error.Type);
        Assert.Contains("needs TLS", error.Message, StringComparison.Ordinal);

        // On loopback nobody else reads it.
        remote = AskForPassword(listener, method);
        await ErrorOf(login with { Host = "127.0.0.1" });
        Assert.NotEmpty(await remote);
    }

    public void Dispose() => _scratch.Dispose();

    /// <returns>What the client sent after it was asked for its password.</returns>
    private static async Task<byte[]> AskForPassword(TcpListener listener, byte method)
    {
        using TcpClient client = await listener.AcceptTcpClientAsync();
        NetworkStream stream = client.GetStream();
        byte[] buffer = new byte[1000];
        int startup = await stream.ReadAsync(buffer);
        Assert.True(startup > 8);
        byte[] salt = method == 5 ? [1, 2, 3, 4] : [];
        await stream.WriteAsync((byte[])[(byte)'R', 0, 0, 0, (byte)(8 + salt.Length), 0, 0, 0, method, .. salt]);
        int length = await stream.ReadAsync(buffer);
        return buffer[..length];
    }

    private static async Task UseCertificate(PostgresServer server, X509Certificate2 certificate)
    {
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        foreach ((string file, string pem) in new[] { ("server.crt", certificate.ExportCertificatePem()), ("server.key", key.ExportPkcs8PrivateKeyPem()) })
        {
            await server.SqlAsync($"COPY (SELECT regexp_split_to_table('{pem}', E'\\n')) TO PROGRAM 'cat > {file} && chmod 600 {file}'");
        }

        await server.SqlAsync("ALTER SYSTEM SET ssl = on");
        await server.SqlAsync("SELECT pg_reload_conf()");
        string fingerprint = certificate.SerialNumber;
        await Poll.Until(async () => await PresentedSerial(server) == fingerprint, "the server uses the certificate");
    }

    private static async Task<string?> PresentedSerial(PostgresServer server)
    {
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, server.Port);
        NetworkStream stream = client.GetStream();
        // SSLRequest.
        await stream.WriteAsync((byte[])[0, 0, 0, 8, 4, 210, 22, 47]);
        if (stream.ReadByte() != 'S')
        {
            return null;
        }

        using SslStream tls = new(stream, leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate is not null);
        await tls.AuthenticateAsClientAsync("any");
        return ((X509Certificate2)tls.RemoteCertificate!).SerialNumber;
    }

    private static async Task<string> IsEncrypted(DatabaseLogin login)
    {
        await using Session session = await Session.OpenAsync(login, Poll.Timeout, CancellationToken.None);
        return await session.ReadAsync(
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
            Poll.Timeout,
            async reader => await reader.ReadAsync() ? reader.GetString(0) : "",
            CancellationToken.None);
    }

    private static async Task<DatabaseError> ErrorOf(DatabaseLogin login) =>
        (await Assert.ThrowsAsync<DatabaseException>(() => Session.OpenAsync(login, Poll.Timeout, CancellationToken.None))).Error;
}
