using Agent.Watching;

namespace Agent.Configuration;

/// <summary>Reads <c>--warn</c> and <c>--critical</c>, and holds them against the limit and each other.</summary>
internal static class WatchThresholds
{
    internal const string WarningOption = "--warn";
    internal const string CriticalOption = "--critical";

    /// <exception cref="ConfigurationException">The first one that is wrong.</exception>
    internal static Watch Give(Watch watch, GivenValues given)
    {
        Threshold? warning = Read(WarningOption, given.Warning, watch);
        Threshold? critical = Read(CriticalOption, given.Critical, watch);
        if (critical?.InConnections(watch.Limit) < warning?.InConnections(watch.Limit))
        {
            throw new ConfigurationException(
                $"{CriticalOption}: {critical} comes before {WarningOption} {warning}; give at least as many connections");
        }

        return watch with { Warning = warning, Critical = critical };
    }

    private static Threshold? Read(string option, string? text, Watch watch)
    {
        if (text is null)
        {
            return null;
        }

        try
        {
            Threshold threshold = Threshold.Parse(text);
            return threshold.IsShare && watch.Limit is null
                ? throw new ConfigurationException(
                    $"{option}: {threshold} is a share of the limit, and the watch {watch.Name} has none; "
                    + "give --limit, or a number of connections")
                : threshold;
        }
        catch (FormatException wrong)
        {
            throw new ConfigurationException($"{option}: {wrong.Message}");
        }
    }
}
