using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text;
using Agent.Configuration.File;
using Agent.Limits;
using Agent.Postgres;

namespace Agent.Configuration;

/// <summary>Reads the databases.</summary>
internal static class DatabaseReader
{
    // sun_path of struct sockaddr_un, without the terminating zero.
    private const int LongestUnixSocketPath = 107;

    private static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromHours(24);

    /// <exception cref="ConfigurationException">The first setting that is invalid.</exception>
    internal static ImmutableArray<DatabaseSettings> Read(IReadOnlyList<FileEntry<DatabaseEntry>> entries)
    {
        ImmutableArray<DatabaseSettings>.Builder databases = ImmutableArray.CreateBuilder<DatabaseSettings>(entries.Count);
        Dictionary<string, string> places = [];
        foreach (FileEntry<DatabaseEntry> entry in entries)
        {
            DatabaseSettings database = Read(entry);
            if (!places.TryAdd(database.Database.Name, entry.PlaceOf("name")))
            {
                throw entry.Error(
                    "name", $"{places[database.Database.Name]} has a database '{database.Database.Name}' too; give each database a different name");
            }

            databases.Add(database);
        }

        return databases.ToImmutable();
    }

    /// <summary>A time from one start to the next.</summary>
    internal static TimeSpan Interval(string text) => SettingParser.DurationBetween(text, ShortestInterval, LongestInterval);

    /// <summary>How long something on a server may take.</summary>
    internal static TimeSpan Timeout(string text) =>
        SettingParser.DurationBetween(text, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));

    /// <summary>How many series may be produced.</summary>
    internal static int MaxSeries(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int series) && series is > 0 and <= SeriesBound.Most
            ? series
            : throw new FormatException($"'{text}' is not a number of series; give a whole number from 1 to {SeriesBound.Most}");

    private static DatabaseSettings Read(FileEntry<DatabaseEntry> entry)
    {
        DatabaseEntry values = entry.Values;
        Setting<string> name = entry.Require("name", values.Name, SettingParser.WatchName);
        Setting<int> port = entry.Read("port", values.Port, Port, DatabaseLogin.DefaultPort);
        Setting<string> host = entry.Require("host", values.Host, text => Host(text, port.Value));
        Setting<string> database = entry.Require("database", values.Database, text => ServerName(text, "database"));
        Setting<string> user = entry.Require("user", values.User, text => ServerName(text, "role"));
        Setting<string?> passwordFile = entry.Read<string?>("passwordFile", values.PasswordFile, SettingParser.File, null);
        Setting<string?> passwordVariable = entry.Read<string?>("passwordVariable", values.PasswordVariable, Variable, null);
        if (passwordFile.Value is not null && passwordVariable.Value is not null)
        {
            throw entry.Error("passwordVariable", "the database has passwordFile and passwordVariable; remove one of them");
        }

        DatabaseLogin login = new(host.Value, port.Value, database.Value, user.Value)
        {
            PasswordFile = passwordFile.Value,
            PasswordVariable = passwordVariable.Value,
        };
        Setting<TlsMode> tls = entry.Read("tls", values.Tls, text => Tls(text, login.IsUnixSocket), login.IsOnThisHost ? TlsMode.Off : TlsMode.VerifyFull);
        Setting<string?> caFile = entry.Read<string?>("caFile", values.CaFile, SettingParser.File, null);
        if (caFile.Value is not null && tls.Value is TlsMode.Off or TlsMode.Require)
        {
            throw entry.Error(
                "caFile",
                $"it has no effect while tls is {Text(tls.Value)}; {(login.IsUnixSocket ? "remove it" : "set tls to verify-ca or verify-full, or remove it")}");
        }

        Setting<TimeSpan> interval = entry.Read("interval", values.Interval, Interval, Database.DefaultInterval);
        Setting<TimeSpan> timeout = entry.Read("timeout", values.Timeout, Timeout, Database.DefaultTimeout);
        Setting<TimeSpan> sizeInterval = entry.Read("sizeInterval", values.SizeInterval, Interval, Database.DefaultSizeInterval);
        Setting<int> shownClients = entry.Read("shownClients", values.ShownClients, SettingParser.ShownClients, Database.DefaultShownClients);
        string key = $"databases.{name.Value}";
        return new DatabaseSettings(
            new Database(name.Value, login with { Tls = tls.Value, CaFile = caFile.Value })
            {
                Interval = interval.Value,
                Timeout = timeout.Value,
                SizeInterval = sizeInterval.Value,
                ShownClients = shownClients.Value,
            },
            entry,
            entry.Find("maxSeries", values.MaxSeries)?.Parse(MaxSeries),
            [
                new($"{key}.server", login.Server.ToString(), host.Origin),
                new($"{key}.database", database.Value, database.Origin),
                new($"{key}.user", user.Value, user.Origin),
                passwordVariable.Value is null
                    ? new($"{key}.passwordFile", passwordFile.Value ?? "none", passwordFile.Origin)
                    : new($"{key}.passwordVariable", passwordVariable.Value, passwordVariable.Origin),
                new($"{key}.tls", Text(tls.Value), tls.Origin),
                .. caFile.Value is null ? Array.Empty<EffectiveSetting>() : [new($"{key}.caFile", caFile.Value, caFile.Origin)],
                new($"{key}.interval", Duration.Format(interval.Value), interval.Origin),
                new($"{key}.timeout", Duration.Format(timeout.Value), timeout.Origin),
                new($"{key}.sizeInterval", Duration.Format(sizeInterval.Value), sizeInterval.Origin),
                new($"{key}.shownClients", shownClients.Value.ToString(CultureInfo.InvariantCulture), shownClients.Origin),
            ]);
    }

    private static int Port(string text) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port > 0
            ? port
            : throw new FormatException($"'{text}' is not a port; give a number from 1 to 65535");

    /// <returns>A name in lower case, an IP address without brackets, or the directory of a unix socket.</returns>
    private static string Host(string text, int port)
    {
        if (text.Contains('@') || text.Contains("://", StringComparison.Ordinal))
        {
            // Not quoted: there may be a password in it.
            throw new FormatException("it is a connection string; give only the host, and the rest with port, user and database");
        }

        if (text.StartsWith('/'))
        {
            return SocketDirectory(text, port);
        }

        string address = text is ['[', .., ']'] ? text[1..^1] : text;
        if (HostAndPort.IsIpv6(address))
        {
            // Each spelling of an address is the same server. A zone has only one.
            return address.Contains('%') ? address : IPAddress.Parse(address).ToString();
        }

        const string Advice = "write it like db.example.com, 192.0.2.1, ::1 or /run/postgresql";
        try
        {
            HostAndPort host = HostAndPort.Parse(text);
            return host.Port is null
                ? host.Host.ToLowerInvariant()
                : throw new FormatException($"'{text}' has a port; write it with the key port");
        }
        catch (FormatException wrong) when (!wrong.Message.StartsWith('\''))
        {
            string reason = wrong.Message == "is not an address" ? "is neither a host name nor an IP address nor an absolute path" : wrong.Message;
            throw new FormatException($"'{text}' {reason}; {Advice}");
        }
    }

    private static string SocketDirectory(string text, int port)
    {
        if (text.Any(char.IsControl))
        {
            throw new FormatException("the path contains a NUL or another control character, which is not allowed here");
        }

        if (text.Contains(','))
        {
            // The library takes it for a list of hosts.
            throw new FormatException($"'{text}' contains a comma, which is not allowed here; make a symbolic link to it without one");
        }

        string directory = text.TrimEnd('/') is { Length: > 0 } trimmed ? trimmed : "/";
        string socket = new ServerAddress(directory, port).ToString();
        return Encoding.UTF8.GetByteCount(socket) <= LongestUnixSocketPath
            ? directory
            : throw new FormatException($"'{socket}' is longer than the {LongestUnixSocketPath} bytes that the path of a unix socket may have");
    }

    /// <summary>The name of a database or role. PostgreSQL allows all characters but NUL; a control character would break a line of the log.</summary>
    private static string ServerName(string text, string kind) =>
        text.Length > 0 && !text.Any(char.IsControl)
            ? text
            : throw new FormatException($"the name of the {kind} must not be empty or contain a control character");

    // The text is not quoted: a user may have written the password itself here.
    private static string Variable(string text) =>
        text.Length > 0 && !char.IsAsciiDigit(text[0]) && text.All(character => char.IsAsciiLetterOrDigit(character) || character == '_')
            ? text
            : throw new FormatException("it is not the name of an environment variable; give a name of letters, digits and underscores, such as DB1_PASSWORD");

    private static TlsMode Tls(string text, bool isUnixSocket) => text switch
    {
        "off" => TlsMode.Off,
        "require" or "verify-ca" or "verify-full" when isUnixSocket => throw new FormatException(
            "PostgreSQL does not encrypt the connections of unix sockets; remove tls, or write off"),
        "require" => TlsMode.Require,
        "verify-ca" => TlsMode.VerifyCa,
        "verify-full" => TlsMode.VerifyFull,
        _ => throw new FormatException($"'{text}' is not a kind of encryption; write off, require, verify-ca or verify-full"),
    };

    private static string Text(TlsMode tls) => tls switch
    {
        TlsMode.Off => "off",
        TlsMode.Require => "require",
        TlsMode.VerifyCa => "verify-ca",
        _ => "verify-full",
    };
}

/// <summary>A database, and what is decided when all settings are known.</summary>
/// <param name="Database">The database, still without its queries and its number of series.</param>
/// <param name="Entry">Where it is configured.</param>
/// <param name="MaxSeries">How many series it may produce; null for its share of what the others leave.</param>
/// <param name="Effective">Its settings with their origins.</param>
internal sealed record DatabaseSettings(
    Database Database, FileEntry<DatabaseEntry> Entry, Setting<int>? MaxSeries, ImmutableArray<EffectiveSetting> Effective)
{
    /// <summary>
    /// Shares the series among databases: each has as many as configured, the others equal shares of what is left, but not more than
    /// <see cref="Database.DefaultMaxSeries"/>.
    /// </summary>
    /// <param name="databases">The databases.</param>
    /// <param name="left">How many series are left for all databases.</param>
    /// <exception cref="ConfigurationException">There are too few; the message says what to lower.</exception>
    internal static ImmutableArray<DatabaseSettings> ShareSeries(ImmutableArray<DatabaseSettings> databases, long left)
    {
        int without = databases.Count(database => database.MaxSeries is null);
        long configured = without;
        foreach (DatabaseSettings database in databases)
        {
            configured += database.MaxSeries?.Value ?? 0;
            if (configured > left && database.MaxSeries is not null)
            {
                throw database.Entry.Error(
                    "maxSeries",
                    $"with these, the databases can produce {configured} series, and {Math.Max(left, 0)} of {SeriesBound.Most} are left beside the watches; "
                    + "lower maxSeries here or of another database, or show fewer clients");
            }
        }

        if (without > 0 && configured > left)
        {
            throw databases.First(database => database.MaxSeries is null).Entry.Error(
                "name",
                $"{databases.Length} databases need more series than the {Math.Max(left, 0)} of {SeriesBound.Most} that are left beside the watches; "
                + "configure fewer databases, or lower shownClients of the watches");
        }

        int share = without == 0 ? 0 : (int)Math.Min(Database.DefaultMaxSeries, (left - configured + without) / without);
        return [.. databases.Select(database => database.With(database.MaxSeries ?? new(share, Setting<int>.Default)))];
    }

    private DatabaseSettings With(Setting<int> series) => this with
    {
        Database = Database with { MaxSeries = series.Value },
        MaxSeries = series,
        Effective = Effective.Add(
            new($"databases.{Database.Name}.maxSeries", series.Value.ToString(CultureInfo.InvariantCulture), series.Origin)),
    };
}
