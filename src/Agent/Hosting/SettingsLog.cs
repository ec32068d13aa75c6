using Agent.Configuration;
using Agent.Metrics;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>Logs the settings in force in one line, and what an operator should know about them.</summary>
internal static partial class SettingsLog
{
    /// <summary>At the start.</summary>
    internal static void Started(ILogger logger, Settings settings)
    {
        LogStart(logger, BuildInformation.Current.Version, string.Join(", ", settings.Effective));
        LogNotices(logger, settings);
    }

    /// <summary>After each reload.</summary>
    internal static void Reloaded(ILogger logger, Settings settings)
    {
        LogReloaded(logger, string.Join(", ", settings.Effective));
        LogNotices(logger, settings);
    }

    private static void LogNotices(ILogger logger, Settings settings)
    {
        foreach (string notice in settings.Notices)
        {
            LogNotice(logger, notice);
        }

        if (settings is { TextfileDirectory.Value: null, Endpoint: null })
        {
            LogNothingPublished(logger);
        }
    }

    [LoggerMessage(10, LogLevel.Information, "agent {Version}: {Settings}")]
    private static partial void LogStart(ILogger logger, string version, string settings);

    [LoggerMessage(40, LogLevel.Information, "the configuration was reloaded: {Settings}")]
    private static partial void LogReloaded(ILogger logger, string settings);

    [LoggerMessage(11, LogLevel.Warning, "nothing is published: the textfile and the endpoint are off")]
    private static partial void LogNothingPublished(ILogger logger);

    [LoggerMessage(13, LogLevel.Warning, "{Notice}")]
    private static partial void LogNotice(ILogger logger, string notice);
}
