namespace Agent.Configuration.File;

/// <summary>An entry of a list in a file, and its place, for the origins and errors of its settings.</summary>
/// <param name="Values">Its values as text.</param>
/// <param name="File">The file.</param>
/// <param name="Key">Its key in the file, such as <c>databases[0]</c>, or <c>[0]</c> in a file that is a list.</param>
internal sealed record FileEntry<TEntry>(TEntry Values, LoadedFile File, string Key)
{
    /// <summary>The file and line of a key of the entry.</summary>
    internal string PlaceOf(string key) => File.PlaceOf($"{Key}.{key}");

    /// <returns>The setting's text with its place; null if the key is absent.</returns>
    internal GivenSetting<TText>? Find<TText>(string key, TText? text)
        where TText : class =>
        text is null ? null : File.Given(text, $"{Key}.{key}");

    /// <summary>Reads a setting that has to be there.</summary>
    /// <exception cref="ConfigurationException">It is missing or invalid.</exception>
    internal Setting<T> Require<T>(string key, string? text, Func<string, T> parse) =>
        Find(key, text)?.Parse(parse) ?? throw Error(key, "is missing; every entry of the list needs one");

    /// <summary>Reads a setting that has a default.</summary>
    /// <exception cref="ConfigurationException">It is invalid.</exception>
    internal Setting<T> Read<T>(string key, string? text, Func<string, T> parse, T defaultValue) =>
        Find(key, text)?.Parse(parse) ?? new(defaultValue, Setting<T>.Default);

    /// <summary>An error with file, line and key.</summary>
    internal ConfigurationException Error(string key, string message) => File.Error($"{Key}.{key}", message);
}
