using Agent.Watching;

namespace Agent.Configuration;

/// <summary>Gives a watch its thresholds, held against its limit and each other.</summary>
internal static class WatchThresholds
{
    internal const string WarningOption = "--warn";
    internal const string CriticalOption = "--critical";

    /// <summary>Thresholds of the command line, which come before those that the watch has.</summary>
    /// <exception cref="ConfigurationException">The first one that is wrong.</exception>
    internal static WatchSettings GiveFromOptions(WatchSettings settings, GivenValues given)
    {
        if (given.Warning is null && given.Critical is null)
        {
            return settings;
        }

        Watch watch = Give(
            settings.Watch,
            Parse(WarningOption, given.Warning) ?? settings.Watch.Warning,
            Parse(CriticalOption, given.Critical) ?? settings.Watch.Critical,
            (isCritical, message) => new ConfigurationException($"{(isCritical ? CriticalOption : WarningOption)}: {message}"));
        return settings with
        {
            Watch = watch,
            Origins = settings.Origins with
            {
                Warning = given.Warning is null ? settings.Origins.Warning : WarningOption,
                Critical = given.Critical is null ? settings.Origins.Critical : CriticalOption,
            },
        };
    }

    /// <param name="watch">The watch.</param>
    /// <param name="warning">The first threshold; null for none.</param>
    /// <param name="critical">The second one; null for none.</param>
    /// <param name="wrong">Makes the error of what is wrong with the first one, or, if true, with the second.</param>
    internal static Watch Give(Watch watch, Threshold? warning, Threshold? critical, Func<bool, string, ConfigurationException> wrong)
    {
        foreach ((bool isCritical, Threshold? threshold) in new[] { (false, warning), (true, critical) })
        {
            if (threshold is { IsShare: true } && watch is { Limit.Value: null, LimitFrom: null })
            {
                throw wrong(
                    isCritical,
                    $"{threshold} is a share of the limit, and the watch {watch.Name} has none; give it a limit, or a number of connections");
            }
        }

        // Two shares compare without a limit as well.
        int? shareOf = warning is { IsShare: true } && critical is { IsShare: true } ? watch.Limit.Value ?? 100 : watch.Limit.Value;
        if (critical?.InConnections(shareOf) < warning?.InConnections(shareOf))
        {
            throw wrong(true, $"{critical} comes before the warning {warning}; give at least as many connections");
        }

        return watch with { Warning = warning, Critical = critical };
    }

    private static Threshold? Parse(string option, string? text)
    {
        try
        {
            return text is null ? null : Threshold.Parse(text);
        }
        catch (FormatException wrong)
        {
            throw new ConfigurationException($"{option}: {wrong.Message}");
        }
    }
}
