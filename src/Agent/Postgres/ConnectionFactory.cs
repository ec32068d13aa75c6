using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Agent.Readings;
using Npgsql;

namespace Agent.Postgres;

/// <summary>Makes Npgsql's connections so that only the configuration counts, and no variable and no file of libpq.</summary>
internal static class ConnectionFactory
{
    /// <summary>The application's name that the server shows.</summary>
    internal const string ApplicationName = "connection-agent";

    // Npgsql's own deadline is behind the agent's: it ends what the agent has let go of.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    // The highest that Npgsql takes.
    private const int LongestTimeout = 1024;

    // Npgsql reads these where a setting has no value, and these settings cannot be set to "none".
    private static readonly string[] Variables = ["PGOPTIONS", "PGTZ", "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT"];

    // With its SQL rewriting Npgsql would split "a; b" on the client, and a statement could end the read-only transaction that it runs in.
    static ConnectionFactory() => AppContext.SetSwitch("Npgsql.EnableSqlRewriting", false);

    /// <summary>Makes the source of one connection.</summary>
    /// <param name="login">Where and how.</param>
    /// <param name="timeout">How long the login may take.</param>
    /// <param name="rejection">Takes the reason when the server's certificate is rejected.</param>
    /// <exception cref="DatabaseException">The password or the CA certificates cannot be read.</exception>
    internal static NpgsqlDataSource Create(DatabaseLogin login, TimeSpan timeout, Action<string> rejection)
    {
        string password = Secret.Read(login);
        foreach (string variable in Variables)
        {
            Environment.SetEnvironmentVariable(variable, null);
        }

        NpgsqlConnectionStringBuilder settings = new()
        {
            Host = login.Host,
            Port = login.Port,
            Database = login.Database,
            Username = login.User,
            ApplicationName = ApplicationName,
            ClientEncoding = "UTF8",
            Pooling = false,
            Enlist = false,
            Timeout = (int)Math.Min(LongestTimeout, Math.Ceiling((timeout + Margin).TotalSeconds)),
            // Statements have the agent's deadlines.
            CommandTimeout = 0,
            CancellationTimeout = (int)Margin.TotalMilliseconds,
            GssEncryptionMode = GssEncryptionMode.Disable,
            SslNegotiation = SslNegotiation.Postgres,
            // The certificate is verified below: Npgsql itself would also trust ~/.postgresql/root.crt.
            SslMode = login.Tls == TlsMode.Off ? SslMode.Disable : SslMode.Require,
            RequireAuth = MayShowPassword(login) ? "ScramSHA256,None,MD5,Password" : "ScramSHA256,None",
        };
        NpgsqlSlimDataSourceBuilder builder = new(settings.ConnectionString);
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        // Never null: otherwise Npgsql would look for PGPASSWORD, PGPASSFILE and ~/.pgpass.
        builder.UsePasswordProvider(_ => password, (_, _) => new ValueTask<string>(password));
        if (login.Tls != TlsMode.Off)
        {
            X509Certificate2Collection? authorities = login.CaFile is { } file ? Authorities(file) : null;
            builder.EnableTransportSecurity();
            builder.UseSslClientAuthenticationOptionsCallback(options => Verify(options, login, authorities, rejection));
        }

        return builder.Build();
    }

    // A password in clear text, or a hash that serves as one, is only for those who may read it.
    private static bool MayShowPassword(DatabaseLogin login) => login.Tls != TlsMode.Off || login.IsOnThisHost;

    private static X509Certificate2Collection Authorities(string path)
    {
        try
        {
            X509Certificate2Collection authorities = [];
            authorities.ImportFromPemFile(path);
            return authorities.Count > 0 ? authorities : throw new DatabaseException(new DatabaseError(
                ErrorType.Tls, $"caFile {path}: there is no certificate in it; write the CA certificates in PEM into it"));
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DatabaseException(new DatabaseError(ErrorType.Tls, $"caFile {path}: there is no such file; create it with the CA certificates in PEM"));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new DatabaseException(new DatabaseError(
                ErrorType.Tls, $"caFile {path}: {OneLine.Of(failure.Message)}; it must be a file with CA certificates in PEM that the agent's user can read"));
        }
    }

    private static void Verify(
        SslClientAuthenticationOptions options, DatabaseLogin login, X509Certificate2Collection? authorities, Action<string> rejection)
    {
        // Npgsql takes that of ~/.postgresql/postgresql.crt, if there is one.
        options.ClientCertificateContext = null;
        X509ChainPolicy policy = new() { RevocationMode = X509RevocationMode.NoCheck };
        if (authorities is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
        }

        options.CertificateChainPolicy = policy;
        options.RemoteCertificateValidationCallback = (_, _, chain, errors) =>
        {
            SslPolicyErrors relevant = login.Tls switch
            {
                TlsMode.Require => SslPolicyErrors.None,
                TlsMode.VerifyCa => errors & ~SslPolicyErrors.RemoteCertificateNameMismatch,
                _ => errors,
            };
            if (relevant != SslPolicyErrors.None)
            {
                rejection(relevant == SslPolicyErrors.RemoteCertificateNameMismatch
                    ? $"its certificate is not for the name {login.Host}"
                    : $"its certificate is not trusted ({string.Join(", ", chain?.ChainStatus.Select(status => status.Status) ?? [])})");
            }

            return relevant == SslPolicyErrors.None;
        };
    }
}
