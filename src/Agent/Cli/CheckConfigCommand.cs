using System.Text;
using Agent.Configuration;
using Agent.Postgres;
using Agent.Readings;

namespace Agent.Cli;

/// <summary>
/// <c>agent check-config FILE</c>: says that the file is valid, and lists the settings in force with it and their origins. With <c>--databases</c> it
/// also checks the queries on the databases.
/// </summary>
internal static class CheckConfigCommand
{
    /// <param name="file">The file.</param>
    /// <param name="settings">The settings in force with it. An invalid file has none, and is reported before.</param>
    /// <param name="asksDatabases">Whether the databases are asked.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="ConfigurationException">The databases are to be asked, and there are none.</exception>
    internal static int Run(string file, Settings settings, bool asksDatabases)
    {
        if (asksDatabases && settings.Databases.IsEmpty)
        {
            throw new ConfigurationException($"--databases: {file} configures no database; add databases, or remove --databases");
        }

        int nameWidth = settings.Effective.Max(setting => setting.Name.Length);
        int valueWidth = settings.Effective.Max(setting => setting.Value.Length);
        StringBuilder text = new($"{file} is valid\n");
        foreach (EffectiveSetting setting in settings.Effective)
        {
            text.Append($"{setting.Name.PadRight(nameWidth)}  {setting.Value.PadRight(valueWidth)}  {setting.Origin}\n");
        }

        foreach (string notice in settings.Notices)
        {
            text.Append($"{notice}\n");
        }

        int exitCode = StandardOutput.TryWrite(text.ToString()) ? ExitCode.Fine : ExitCode.CouldNotMeasure;
        return asksDatabases && exitCode == ExitCode.Fine ? Report(DatabaseCheck.CheckAll(settings.Databases)) : exitCode;
    }

    private static int Report(IReadOnlyList<DatabaseCheck> checks)
    {
        foreach (DatabaseCheck check in checks)
        {
            foreach (string warning in check.Warnings)
            {
                ErrorLine.WriteWarning($"warning: {warning}");
            }

            foreach (string problem in check.Problems)
            {
                ErrorLine.Write(problem);
            }

            if (check.Success is { } success && !StandardOutput.TryWrite($"{OneLine.Of(success)}\n"))
            {
                return ExitCode.CouldNotMeasure;
            }
        }

        return checks.Any(check => check.IsQueryWrong) ? ExitCode.Usage
            : checks.Any(check => check.Problems.Count > 0) ? ExitCode.CouldNotMeasure
            : ExitCode.Fine;
    }
}
