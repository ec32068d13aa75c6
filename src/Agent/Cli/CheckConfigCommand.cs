using System.Text;
using Agent.Configuration;

namespace Agent.Cli;

/// <summary><c>agent check-config FILE</c>: says that the file is valid, and lists the settings in force with it and their origins.</summary>
internal static class CheckConfigCommand
{
    /// <param name="file">The file.</param>
    /// <param name="settings">The settings in force with it. An invalid file has none, and is reported before.</param>
    /// <returns>The exit code.</returns>
    internal static int Run(string file, Settings settings)
    {
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

        return StandardOutput.TryWrite(text.ToString()) ? ExitCode.Fine : ExitCode.CouldNotMeasure;
    }
}
