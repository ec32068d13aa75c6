using System.Globalization;

namespace Agent.Postgres;

/// <summary>
/// Turns the text of PostgreSQL's values into numbers, in the styles that <see cref="Session"/> sets: DateStyle ISO, IntervalStyle postgres.
/// </summary>
internal static class QueryValue
{
    // pg_type.dat
    private const uint Bool = 16;
    private const uint Int8 = 20;
    private const uint Int2 = 21;
    private const uint Int4 = 23;
    private const uint Oid = 26;
    private const uint Float4 = 700;
    private const uint Float8 = 701;
    private const uint Date = 1082;
    private const uint Timestamp = 1114;
    private const uint TimestampTz = 1184;
    private const uint Interval = 1186;
    private const uint Numeric = 1700;
    private const uint PgLsn = 3220;

    private const double SecondsPerDay = 86400;

    private static readonly string[] TimestampFormats = ["yyyy-MM-dd HH:mm:ss.FFFFFFFzz", "yyyy-MM-dd HH:mm:ss.FFFFFFFzzz"];

    /// <summary>Whether values of a type become numbers.</summary>
    /// <param name="type">The OID of the type.</param>
    internal static bool IsNumber(uint type) =>
        type is Bool or Int8 or Int2 or Int4 or Oid or Float4 or Float8 or TimestampTz or Interval or Numeric or PgLsn;

    /// <summary>The name of a type, in messages.</summary>
    internal static string NameOf(uint type) => type switch
    {
        Bool => "boolean",
        17 => "bytea",
        18 => "\"char\"",
        19 => "name",
        Int8 => "bigint",
        Int2 => "smallint",
        Int4 => "integer",
        25 => "text",
        Oid => "oid",
        28 => "xid",
        114 => "json",
        Float4 => "real",
        Float8 => "double precision",
        790 => "money",
        869 => "inet",
        1042 => "character",
        1043 => "character varying",
        Date => "date",
        1083 => "time",
        Timestamp => "timestamp without time zone",
        TimestampTz => "timestamp with time zone",
        Interval => "interval",
        Numeric => "numeric",
        2950 => "uuid",
        PgLsn => "pg_lsn",
        3802 => "jsonb",
        _ => $"with the OID {type}",
    };

    /// <summary>What to do about a column whose values are no numbers.</summary>
    /// <param name="type">The OID of its type.</param>
    /// <param name="column">Its name.</param>
    internal static string Advice(uint type, string column) => type switch
    {
        Interval => $"a month has no fixed length; use extract(epoch from {column})",
        Timestamp => $"the time zone is missing; use {column} AT TIME ZONE 'UTC'",
        Date => $"use extract(epoch from {column})",
        Numeric or Float8 or TimestampTz => "change the query",
        _ => $"cast it in the query, {column}::float8, or make it a label",
    };

    /// <summary>Parses a value.</summary>
    /// <param name="text">As PostgreSQL sends it.</param>
    /// <param name="type">The OID of its type.</param>
    /// <returns>Intervals in seconds, times in seconds since 1970, positions in the write-ahead log in bytes; null if the text is no such number.</returns>
    internal static double? Parse(string text, uint type) => type switch
    {
        Bool => text switch
        {
            "t" => 1,
            "f" => 0,
            _ => null,
        },
        Int8 or Int2 or Int4 or Oid or Float4 or Float8 or Numeric => Number(text),
        Interval => Duration(text),
        TimestampTz => Time(text),
        PgLsn => Position(text),
        _ => null,
    };

    /// <summary>Parses the bound of a bucket or a quantile, which may be a text.</summary>
    /// <returns>Null if it is no number.</returns>
    internal static double? Bound(string text) => text.Trim().ToLowerInvariant() switch
    {
        "+inf" or "inf" or "+infinity" or "infinity" => double.PositiveInfinity,
        var number => Number(number),
    };

    private static double? Number(string text)
    {
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (!double.TryParse(text, Style, CultureInfo.InvariantCulture, out double number))
        {
            return null;
        }

        // A numeric can be larger than any double, which .NET reads as infinity.
        return double.IsInfinity(number) && text is not ("Infinity" or "-Infinity") ? null : number;
    }

    /// <param name="text"><c>-1 days +02:03:04.5</c>, with units from the longest to the shortest.</param>
    private static double? Duration(string text)
    {
        if (Infinite(text) is { } infinite)
        {
            return infinite;
        }

        string[] parts = text.Split(' ');
        double seconds = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            if (i + 1 < parts.Length && parts[i + 1] is "day" or "days" && Number(parts[i]) is { } days)
            {
                seconds += days * SecondsPerDay;
                i++;
            }
            else if (TimeOfDay(parts[i]) is { } time)
            {
                seconds += time;
            }
            else
            {
                return null;
            }
        }

        return seconds;
    }

    private static double? TimeOfDay(string text)
    {
        bool isNegative = text.StartsWith('-');
        return text.TrimStart('-', '+').Split(':') is [var hours, var minutes, var seconds]
            && Number(hours) is { } hour && Number(minutes) is { } minute && Number(seconds) is { } second
            ? (isNegative ? -1 : 1) * ((hour * 3600) + (minute * 60) + second)
            : null;
    }

    /// <returns>Null also for years before 1 and after 9999.</returns>
    private static double? Time(string text) => Infinite(text)
        ?? (DateTimeOffset.TryParseExact(text, TimestampFormats, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTimeOffset time)
            ? (time - DateTimeOffset.UnixEpoch).TotalSeconds
            : null);

    private static double? Infinite(string text) => text switch
    {
        "infinity" => double.PositiveInfinity,
        "-infinity" => double.NegativeInfinity,
        _ => null,
    };

    /// <param name="text"><c>16/B374D848</c>, both halves hexadecimal.</param>
    private static double? Position(string text) =>
        text.Split('/') is [var high, var low]
        && uint.TryParse(high, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint upper)
        && uint.TryParse(low, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint lower)
            ? ((ulong)upper << 32) | lower
            : null;
}
