namespace Agent.Configuration;

/// <summary>A setting is invalid. The message is one line: which setting, where it stands, what is wrong and what to do.</summary>
internal sealed class ConfigurationException(string message) : Exception(message);

/// <summary>The text that was given for a setting, not parsed yet, and the place where it stands.</summary>
/// <param name="Text">One text, or a list of them.</param>
/// <param name="Origin">The place as operators see it: an option, a variable, or a line of the file such as <c>agent.json:3</c>.</param>
/// <param name="Place">The beginning of errors: the origin, in the file with the key too.</param>
internal sealed record GivenSetting<TText>(TText Text, string Origin, string Place)
{
    /// <param name="parse">Returns the value, or throws a <see cref="FormatException"/> whose message is one line.</param>
    /// <exception cref="ConfigurationException">The text is invalid.</exception>
    internal Setting<T> Parse<T>(Func<TText, T> parse)
    {
        try
        {
            return new(parse(Text), Origin);
        }
        catch (FormatException invalid)
        {
            throw Error(invalid.Message);
        }
    }

    internal ConfigurationException Error(string message) => new($"{Place}: {message}");
}

/// <summary>A valid value and where it came from.</summary>
/// <param name="Value">The value in force.</param>
/// <param name="Origin">An option, a variable, a line of the configuration file, or <see cref="Default"/>.</param>
internal readonly record struct Setting<T>(T Value, string Origin)
{
    internal const string Default = "default";

    /// <summary>Whether the value was given on the command line.</summary>
    internal bool IsFromCommandLine => Origin.StartsWith("--", StringComparison.Ordinal);
}

/// <summary>A setting in force, as operators see it in the log, at <c>/configz</c> and in <c>check-config</c>.</summary>
/// <param name="Name">Its key in the configuration file. Settings of a watch begin with the watch's name.</param>
/// <param name="Value">The value as a user writes it.</param>
/// <param name="Origin">Where it came from; see <see cref="Setting{T}.Origin"/>.</param>
internal sealed record EffectiveSetting(string Name, string Value, string Origin)
{
    public override string ToString() => $"{Name} {Value} ({Origin})";
}
