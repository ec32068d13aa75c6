using System.Diagnostics;
using Agent.Configuration;

namespace Agent.Cli.Rendering;

/// <summary>Which form <c>--once</c> prints in.</summary>
internal static class Forms
{
    // In the order in which a user is told of them.
    private static readonly OutputForm[] All = [OutputForm.Table, OutputForm.Json, OutputForm.Prom, OutputForm.Check];

    /// <summary>Reads the value of <c>--output</c>.</summary>
    /// <exception cref="ConfigurationException">It is no form.</exception>
    internal static OutputForm Parse(string text)
    {
        foreach (OutputForm form in All)
        {
            if (NameOf(form) == text)
            {
                return form;
            }
        }

        throw new ConfigurationException($"--output: '{text}' is not a form of output; give table, json, prom or check");
    }

    /// <summary>The form where none was asked for: a person looks at a terminal, whoever gives thresholds wants a check.</summary>
    internal static OutputForm Default(bool onTerminal, bool hasThresholds) =>
        onTerminal ? OutputForm.Table
        : hasThresholds ? OutputForm.Check
        : OutputForm.Prom;

    /// <param name="form">Which one.</param>
    /// <param name="findTerminal">Finds the terminal where there is one; only asked for a table.</param>
    /// <param name="takesUtf8">Whether a table may have other characters than those of ASCII.</param>
    internal static ISnapshotForm Create(OutputForm form, Func<Terminal?> findTerminal, bool takesUtf8) => form switch
    {
        OutputForm.Table => findTerminal() is { } terminal
            ? new TableForm(terminal.Width, terminal.HasColours, takesUtf8)
            : new TableForm(Terminal.DefaultWidth, colour: false, takesUtf8),
        OutputForm.Json => new JsonForm(),
        OutputForm.Check => new CheckForm(),
        OutputForm.Prom => new PromForm(),
        _ => throw new UnreachableException(),
    };

    private static string NameOf(OutputForm form) => form switch
    {
        OutputForm.Table => "table",
        OutputForm.Json => "json",
        OutputForm.Check => "check",
        OutputForm.Prom => "prom",
        _ => throw new UnreachableException(),
    };
}
