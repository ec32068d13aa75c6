using System.Collections.Immutable;
using System.Net;

namespace Agent.Postgres;

/// <summary>A database that the agent logs in to, as configured.</summary>
/// <param name="Name">Its name in the configuration, the label <c>db</c> of its metrics. Different from that of every other database.</param>
/// <param name="Login">Where it is and how the agent logs in.</param>
internal sealed record Database(string Name, DatabaseLogin Login)
{
    internal static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(15);
    internal static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(5);
    internal static readonly TimeSpan DefaultSizeInterval = TimeSpan.FromMinutes(1);
    internal const int DefaultShownClients = 10;
    internal const int DefaultMaxSeries = 2000;

    /// <summary>The time from the start of one round to the start of the next.</summary>
    public TimeSpan Interval { get; init; } = DefaultInterval;

    /// <summary>How long a login or a statement of the agent's own may take.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>The time from one question for the sizes of the databases to the next.</summary>
    public TimeSpan SizeInterval { get; init; } = DefaultSizeInterval;

    /// <summary>How many clients are shown, from those that hold most; 0 for none.</summary>
    public int ShownClients { get; init; } = DefaultShownClients;

    /// <summary>How many series the database may produce, those of its custom queries included.</summary>
    public int MaxSeries { get; init; } = DefaultMaxSeries;

    /// <summary>The custom queries that run on it, in the order of the configuration.</summary>
    public ImmutableArray<Query> Queries { get; init; } = [];

    // The ToString of a record would print the array.
    public override string ToString() => Name;
}

/// <summary>Where a database is and how the agent logs in. Two are equal if a connection of the one serves the other. No secret is in it.</summary>
/// <param name="Host">A host name, an IP address without brackets, or the directory of a unix socket, which starts with a slash.</param>
/// <param name="Port">The port; also a part of the unix socket's name.</param>
/// <param name="Database">The database on the server.</param>
/// <param name="User">The role.</param>
internal sealed record DatabaseLogin(string Host, int Port, string Database, string User)
{
    internal const int DefaultPort = 5432;

    /// <summary>A file with the password, read at each login; null for none.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>The environment variable with the password; null for none. Never together with <see cref="PasswordFile"/>.</summary>
    public string? PasswordVariable { get; init; }

    /// <summary>Whether and how the connection is encrypted.</summary>
    public TlsMode Tls { get; init; }

    /// <summary>A file with the CA certificates that the agent trusts; null for those of the system.</summary>
    public string? CaFile { get; init; }

    /// <summary>The server, which may have several databases.</summary>
    internal ServerAddress Server => new(Host, Port);

    /// <summary>Whether the host is the directory of a unix socket.</summary>
    internal bool IsUnixSocket => Host.StartsWith('/');

    /// <summary>Whether the host is certainly this one: loopback or a unix socket. Other hosts cannot read such a connection.</summary>
    internal bool IsOnThisHost =>
        IsUnixSocket
        || Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(Host, out IPAddress? address) && IPAddress.IsLoopback(address));
}

/// <summary>A server. Its databases share two connections.</summary>
/// <param name="Host">See <see cref="DatabaseLogin"/>.</param>
/// <param name="Port">See <see cref="DatabaseLogin"/>.</param>
internal readonly record struct ServerAddress(string Host, int Port)
{
    /// <summary>The text in log lines and errors: <c>127.0.0.1:5432</c>, <c>[::1]:5432</c> or <c>/run/postgresql/.s.PGSQL.5432</c>.</summary>
    public override string ToString() =>
        Host.StartsWith('/') ? $"{Host.TrimEnd('/')}/.s.PGSQL.{Port}" : Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

/// <summary>Whether and how a connection is encrypted.</summary>
internal enum TlsMode
{
    /// <summary>Not encrypted.</summary>
    Off,

    /// <summary>Encrypted; the certificate is not verified.</summary>
    Require,

    /// <summary>Encrypted; a trusted CA has signed the certificate.</summary>
    VerifyCa,

    /// <summary>The same, and the certificate has the name of the host.</summary>
    VerifyFull,
}
