using Agent.Cli.Rendering;
using Agent.Configuration;

namespace Agent.Cli;

/// <summary>What a user wants of <c>--once</c>.</summary>
/// <param name="Form">The form in which it prints; null where none was asked for.</param>
/// <param name="Processes">Whether to look for the processes that hold the clients' ends.</param>
internal readonly record struct OnceOptions(OutputForm? Form, bool Processes)
{
    /// <param name="output">The value of <c>--output</c>; null without.</param>
    /// <param name="processes">Whether <c>--processes</c> is there.</param>
    /// <exception cref="ConfigurationException">There is no such form, or it shows no processes.</exception>
    internal static OnceOptions Of(string? output, bool processes)
    {
        OutputForm? form = output is null ? null : Forms.Parse(output);
        if (!processes)
        {
            return new OnceOptions(form, Processes: false);
        }

        // Who asks for processes without a form wants to see them, through a pipe as well.
        return form is OutputForm.Prom or OutputForm.Check
            ? throw new ConfigurationException($"--processes: {output} does not show them; give --output table or json, or leave --processes away")
            : new OnceOptions(form ?? OutputForm.Table, Processes: true);
    }
}
