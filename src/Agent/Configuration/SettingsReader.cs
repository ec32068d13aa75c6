using System.Collections.Immutable;
using System.Globalization;
using Agent.Watching;
using Netlink;

namespace Agent.Configuration;

/// <summary>
/// Makes settings of text: the command line comes before the environment, the environment before the defaults. An empty variable counts as
/// unset.
/// </summary>
internal sealed class SettingsReader(Func<string, string?> readVariable)
{
    internal const string DefaultTextfileDirectory = "/tmp/node-exporter";

    /// <summary>More series than this are refused, whatever makes them: a monitoring system is to be protected from its agent.</summary>
    internal const int MaxSeries = 10_000;

    private const ushort DefaultPort = 8500;
    private const string DefaultWatch = "consul";
    // http_max_conns_per_client of Consul's "limits".
    private const int ConsulLimit = 200;
    private const int LongestWatchName = 64;

    // Two protocols, unaccepted, accept queue and its limit.
    private const int SeriesPerPort = 5;

    // Clients, the highest, its peak, the limit, and those that are shown.
    private const int SeriesPerWatch = 4 + Watching.Watch.DefaultShownClients;

    // The agent's own.
    private const int OtherSeries = 4;
    private const int MostPorts = (MaxSeries - SeriesPerWatch - OtherSeries) / SeriesPerPort;

    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromHours(24);

    /// <exception cref="ConfigurationException">The first setting that is wrong.</exception>
    internal Settings Read(GivenValues given)
    {
        Setting<ImmutableArray<ushort>> ports = ReadPorts(given);
        string watchName = given.Watch is null ? DefaultWatch : ReadWatchName(given.Watch);
        Setting<int?> limit = given.Limit is null
            ? new(watchName == DefaultWatch ? ConsulLimit : null, Setting<int?>.Default)
            : new(Parse("--limit", given.Limit, ParseLimit), "--limit");
        return new Settings
        {
            Watch = WatchThresholds.Give(new Watch(watchName, ports.Value) { Limit = limit.Value, LimitSource = limit.Origin }, given),
            PortsOrigin = ports.Origin,
            LimitOrigin = limit.Origin,
            Interval = Read("--interval", given.Interval, "UPDATE_DELAY", ParseInterval, DefaultInterval),
            TextfileDirectory = Read(
                "--textfile-directory", given.TextfileDirectory, "TEXTFILE_DIRECTORY", ParseDirectory, DefaultTextfileDirectory),
            Namespace = Read<NetworkNamespace?>("--netns", given.Namespace, "AGENT_NETNS", NetworkNamespace.Parse, null),
        };
    }

    private Setting<ImmutableArray<ushort>> ReadPorts(GivenValues given)
    {
        const string Option = "--port";
        const string Variable = "CONSUL_PORT";
        if (given.Ports.Count > 0)
        {
            return new(ParsePorts(Option, given.Ports), Option);
        }

        if (Environment(Variable) is not { } list)
        {
            return new([DefaultPort], Setting<string>.Default);
        }

        if (list.Contains("://", StringComparison.Ordinal))
        {
            throw new ConfigurationException(
                $"{Variable}: '{list}' is what Kubernetes sets for a service named consul; "
                + "put 'enableServiceLinks: false' into the pod's spec, or give --port");
        }

        return new(ParsePorts(Variable, list.Split(',', StringSplitOptions.TrimEntries)), Variable);
    }

    private static ImmutableArray<ushort> ParsePorts(string origin, IReadOnlyList<string> texts)
    {
        if (texts.Count > MostPorts)
        {
            throw new ConfigurationException(
                $"{origin}: {texts.Count} ports can make {OtherSeries + SeriesPerWatch + (texts.Count * SeriesPerPort)} series, {MaxSeries} are the most; "
                + $"give {MostPorts} ports at most");
        }

        ImmutableArray<ushort>.Builder ports = ImmutableArray.CreateBuilder<ushort>(texts.Count);
        foreach (string text in texts)
        {
            if (!ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) || port == 0)
            {
                string advice = origin.StartsWith("--", StringComparison.Ordinal) && text.Contains(',')
                    ? "repeat the option for each port"
                    : "give a number from 1 to 65535";
                throw new ConfigurationException($"{origin}: '{text}' is not a port; {advice}");
            }

            if (ports.Contains(port))
            {
                throw new ConfigurationException($"{origin}: port {port} is given twice; name it once");
            }

            ports.Add(port);
        }

        return ports.ToImmutable();
    }

    private static string ReadWatchName(string text) =>
        text.Length is > 0 and <= LongestWatchName && !text.Any(char.IsControl)
            ? text
            : throw new ConfigurationException($"--watch: the name must have 1 to {LongestWatchName} characters and no control character");

    private static int? ParseLimit(string text)
    {
        if (text == "none")
        {
            return null;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit > 0
            ? limit
            : throw new FormatException($"'{text}' is not a limit; give a number from 1 on, or none");
    }

    private static TimeSpan ParseInterval(string text)
    {
        TimeSpan interval = Duration.Parse(text);
        if (interval < ShortestInterval || interval > LongestInterval)
        {
            throw new FormatException($"'{text}' is not between {Duration.Format(ShortestInterval)} and {Duration.Format(LongestInterval)}");
        }

        return interval.Ticks % TimeSpan.TicksPerMillisecond == 0
            ? interval
            : throw new FormatException($"'{text}' is not a whole number of milliseconds");
    }

    private static string? ParseDirectory(string text) => text switch
    {
        "none" => null,
        "" => throw new FormatException("the path is empty; give a directory, or none"),
        _ when text.Contains('\0') => throw new FormatException("the path has a NUL character, which no path can have"),
        _ => ToAbsolute(text),
    };

    private static string ToAbsolute(string path)
    {
        try
        {
            return Path.GetFullPath(path);
        }
        catch (IOException)
        {
            throw new FormatException($"'{path}' is relative to a working directory that is gone; give an absolute path");
        }
    }

    private Setting<T> Read<T>(string option, string? given, string variable, Func<string, T> parse, T otherwise)
    {
        if (given is not null)
        {
            return new(Parse(option, given, parse), option);
        }

        return Environment(variable) is { } text ? new(Parse(variable, text, parse), variable) : new(otherwise, Setting<T>.Default);
    }

    private static T Parse<T>(string origin, string text, Func<string, T> parse)
    {
        try
        {
            return parse(text);
        }
        catch (FormatException wrong)
        {
            throw new ConfigurationException($"{origin}: {wrong.Message}");
        }
    }

    private string? Environment(string variable) => readVariable(variable) is { Length: > 0 } text ? text : null;
}
