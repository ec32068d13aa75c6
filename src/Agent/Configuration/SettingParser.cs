using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Agent.Configuration;

/// <summary>
/// Parses the texts of settings, the same for options, variables and the file. Each method throws a <see cref="FormatException"/> whose message is
/// one line.
/// </summary>
internal static class SettingParser
{
    // U+FFFD, with which .NET replaces bytes that are not UTF-8.
    private const char Replacement = '\uFFFD';
    private const int LongestWatchName = 64;

    // sun_path of struct sockaddr_un, without the terminating zero.
    private const int LongestUnixSocketPath = 107;
    private const int MostRequestsPerMinute = 1_000_000;
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromHours(24);

    internal static ImmutableArray<ushort> Ports(IReadOnlyList<string> texts)
    {
        ImmutableArray<ushort>.Builder ports = ImmutableArray.CreateBuilder<ushort>(texts.Count);
        HashSet<ushort> seen = [];
        foreach (string text in texts)
        {
            if (!ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) || port == 0)
            {
                throw new FormatException($"'{text}' is not a port; give a number from 1 to 65535");
            }

            if (!seen.Add(port))
            {
                throw new FormatException($"port {port} is given twice; name it once");
            }

            ports.Add(port);
        }

        return ports.ToImmutable();
    }

    internal static ImmutableArray<string> UnixSockets(IReadOnlyList<string> texts)
    {
        ImmutableArray<string>.Builder paths = ImmutableArray.CreateBuilder<string>(texts.Count);
        foreach (string text in texts)
        {
            if (!text.StartsWith('/'))
            {
                throw new FormatException($"'{text}' is not an absolute path; give the path of the socket, such as /run/consul/http.sock");
            }

            if (text.Any(char.IsControl))
            {
                throw new FormatException("the path contains a NUL or another control character, which is not allowed here");
            }

            if (Encoding.UTF8.GetByteCount(text) > LongestUnixSocketPath)
            {
                throw new FormatException($"'{text}' is longer than the {LongestUnixSocketPath} bytes that the path of a unix socket may have");
            }

            if (paths.Contains(text))
            {
                throw new FormatException($"{text} is given twice; name it once");
            }

            paths.Add(text);
        }

        return paths.ToImmutable();
    }

    internal static string WatchName(string text) =>
        text.Length is > 0 and <= LongestWatchName && !text.Any(char.IsControl)
            ? text
            : throw new FormatException($"the name must have 1 to {LongestWatchName} characters and no control character");

    /// <returns>Null for <c>none</c>.</returns>
    internal static int? Limit(string text)
    {
        if (text == "none")
        {
            return null;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit > 0
            ? limit
            : throw new FormatException($"'{text}' is not a limit; give a number of at least 1, or none");
    }

    internal static int TotalLimit(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit > 0
            ? limit
            : throw new FormatException($"'{text}' is not a total limit; give a number of at least 1");

    internal static int ShownClients(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int shown)
            ? shown
            : throw new FormatException($"'{text}' is not a number of clients; give a whole number, 0 for none");

    internal static TimeSpan Interval(string text) => DurationBetween(text, ShortestInterval, LongestInterval);

    internal static TimeSpan DurationBetween(string text, TimeSpan shortest, TimeSpan longest)
    {
        TimeSpan duration = Duration.Parse(text);
        if (duration < shortest || duration > longest)
        {
            throw new FormatException($"'{text}' is not between {Duration.Format(shortest)} and {Duration.Format(longest)}");
        }

        return duration.Ticks % TimeSpan.TicksPerMillisecond == 0
            ? duration
            : throw new FormatException($"'{text}' is not a whole number of milliseconds");
    }

    /// <returns>An absolute path; null for <c>none</c>.</returns>
    internal static string? Directory(string text) => text switch
    {
        "none" => null,
        "" => throw new FormatException("the path is empty; give a directory, or none"),
        _ => AbsolutePath(text),
    };

    /// <returns>An absolute path.</returns>
    internal static string File(string text) => text switch
    {
        "" => throw new FormatException("the path is empty; give a file, or remove the setting"),
        _ => AbsolutePath(text),
    };

    internal static int RequestsPerMinute(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int requests) && requests is > 0 and <= MostRequestsPerMinute
            ? requests
            : throw new FormatException($"'{text}' is not a number of requests; give a whole number from 1 to {MostRequestsPerMinute}");

    /// <summary>
    /// Rejects an argument or variable that is not UTF-8: .NET would replace its invalid bytes, and so change the path that it names.
    /// </summary>
    /// <param name="origin">The option or variable.</param>
    /// <param name="text">Its value; null if it has none.</param>
    /// <exception cref="ConfigurationException">The value is not UTF-8.</exception>
    internal static string? RequireUtf8(string origin, string? text) => text is null || IsUtf8(text)
        ? text
        : throw new ConfigurationException($"{origin}: the value is not UTF-8; rename the file or directory, or give another one");

    private static bool IsUtf8(string text) => !text.Contains(Replacement);

    private static string AbsolutePath(string path)
    {
        if (path.Contains('\0'))
        {
            throw new FormatException("the path contains a NUL character, which is not allowed in a path");
        }

        try
        {
            string absolute = Path.GetFullPath(path);
            return IsUtf8(absolute) || !IsUtf8(path)
                ? absolute
                : throw new FormatException($"'{path}' is relative to a working directory whose path is not UTF-8; give an absolute path");
        }
        catch (IOException)
        {
            throw new FormatException($"'{path}' is relative to a working directory that no longer exists; give an absolute path");
        }
    }
}
