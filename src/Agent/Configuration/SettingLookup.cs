using Agent.Configuration.File;

namespace Agent.Configuration;

/// <summary>The options of the command line and their values, as text.</summary>
/// <param name="values">A repeated option has several values. An option with a null value was not given.</param>
internal sealed class CommandLineValues(params (string Option, string? Value)[] values)
{
    /// <summary>Whether the command is <c>--once</c>, which ignores the endpoint's variables.</summary>
    internal bool IsOnce { get; init; }

    internal IReadOnlyList<string> All(string option)
    {
        // Not by LINQ, parts of which have no precompiled code and would be compiled at each start.
        List<string> found = [];
        foreach ((string name, string? value) in values)
        {
            if (name == option && value is not null)
            {
                found.Add(value);
            }
        }

        return found;
    }
}

/// <summary>
/// Finds the text of a setting, and remembers its place: first on the command line, then in a variable, then in the configuration file. An empty
/// variable counts as unset. A null option or variable means that the setting has none.
/// </summary>
internal sealed class SettingLookup(CommandLineValues commandLine, Func<string, string?> readVariable, LoadedFile? file)
{
    /// <summary>The configuration file; null without one.</summary>
    internal LoadedFile? File => file;

    /// <returns>The setting's text; null if it is given nowhere.</returns>
    internal GivenSetting<string>? Find(string? option, string? variable, string key, string? inFile) =>
        option is not null && commandLine.All(option) is [var value, ..] ? new(value, option, option)
        : variable is not null && Variable(variable) is { } text ? new(text, variable, variable)
        : inFile is not null ? file!.Given(inFile, key)
        : null;

    /// <summary>The same for a list: an option that is repeated, a variable with commas, or a list in the file.</summary>
    internal GivenSetting<IReadOnlyList<string>>? FindList(string? option, string? variable, string key, IReadOnlyList<string>? inFile) =>
        option is not null && commandLine.All(option) is { Count: > 0 } values ? new(values, option, option)
        : variable is not null && Variable(variable) is { } list ? new(list.Split(',', StringSplitOptions.TrimEntries), variable, variable)
        : inFile is not null ? file!.Given(inFile, key)
        : null;

    /// <summary>Finds and parses a setting.</summary>
    /// <exception cref="ConfigurationException">Its text is invalid.</exception>
    internal Setting<T> Read<T>(string? option, string? variable, string key, string? inFile, Func<string, T> parse, T defaultValue) =>
        Find(option, variable, key, inFile)?.Parse(parse) ?? new(defaultValue, Setting<T>.Default);

    internal bool IsGiven(string option) => commandLine.All(option).Count > 0;

    /// <returns>The variable's value; null if it is unset or empty.</returns>
    internal string? Variable(string name) => readVariable(name) is { Length: > 0 } text ? text : null;
}
