using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Agent.Configuration.File;

/// <summary>What a file of the configuration contains.</summary>
internal enum FileKind
{
    /// <summary>All settings.</summary>
    Configuration,

    /// <summary>Databases: a list, or an object with the key <c>databases</c>.</summary>
    Databases,

    /// <summary>Custom queries: a list, or an object with the key <c>queries</c>.</summary>
    Queries,
}

/// <summary>A file of the configuration that was parsed: its values, and the line of each key.</summary>
internal sealed class LoadedFile
{
    private readonly KeyLines _lines;

    private LoadedFile(string path, ConfigurationFile values, KeyLines lines)
    {
        Path = path;
        Values = values;
        _lines = lines;
    }

    /// <summary>The path as it was given.</summary>
    internal string Path { get; }

    /// <summary>The values; for a file with databases or queries only these.</summary>
    internal ConfigurationFile Values { get; }

    /// <summary>Whether the file is a list, so that its keys begin with an index.</summary>
    internal bool IsList => _lines.Outermost == JsonTokenType.StartArray;

    /// <param name="path">The path for errors and origins.</param>
    /// <param name="bytes">The content.</param>
    /// <param name="kind">What the file contains.</param>
    /// <exception cref="ConfigurationException">The content is not JSON, or has unknown keys or values of a wrong type.</exception>
    internal static LoadedFile Parse(string path, byte[] bytes, FileKind kind = FileKind.Configuration)
    {
        if (OtherEncodingOf(bytes) is { } encoding)
        {
            throw new ConfigurationException($"{path}: the file is {encoding}; save it as UTF-8");
        }

        ReadOnlySpan<byte> text = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsSpan(Encoding.UTF8.Preamble.Length) : bytes;
        if (!Utf8.IsValid(text))
        {
            throw new ConfigurationException($"{path}: the file is not UTF-8; save it as UTF-8");
        }

        KeyLines lines;
        try
        {
            lines = new KeyLines(text);
        }
        catch (JsonException wrong)
        {
            string key = wrong.Path is { } twice ? $" {twice}:" : "";
            throw new ConfigurationException($"{path}:{wrong.LineNumber + 1}:{key} {Reason(wrong, kind)}");
        }

        if (lines.Outermost != JsonTokenType.StartObject && (kind == FileKind.Configuration || lines.Outermost != JsonTokenType.StartArray))
        {
            throw new ConfigurationException($"{path}:1: the file holds {NameOf(lines.Outermost)}; it must hold {Expected(kind)}");
        }

        try
        {
            return new LoadedFile(path, Deserialize(text, kind, isList: lines.Outermost == JsonTokenType.StartArray), lines);
        }
        catch (JsonException wrong)
        {
            string key = wrong.Path?.TrimStart('$').TrimStart('.') ?? "";
            throw new ConfigurationException(
                $"{path}:{lines.LineOf(key)}: {(key == "" ? "" : $"{key}: ")}{KindReason(wrong)}");
        }
    }

    /// <summary>A text of the file, with its place.</summary>
    internal GivenSetting<TText> Given<TText>(TText text, string key) => new(text, PlaceOf(key), $"{PlaceOf(key)}: {key}");

    /// <summary>The file and line of the key.</summary>
    internal string PlaceOf(string key) => $"{Path}:{_lines.LineOf(key)}";

    /// <summary>An error with file, line and key.</summary>
    internal ConfigurationException Error(string key, string message) => new($"{PlaceOf(key)}: {key}: {message}");

    private static ConfigurationFile Deserialize(ReadOnlySpan<byte> text, FileKind kind, bool isList) => (kind, isList) switch
    {
        (FileKind.Databases, true) => new ConfigurationFile { Databases = JsonSerializer.Deserialize(text, FileContext.Default.ListDatabaseEntry) },
        (FileKind.Databases, false) => new ConfigurationFile { Databases = JsonSerializer.Deserialize(text, FileContext.Default.DatabasesFile)!.Databases },
        (FileKind.Queries, true) => new ConfigurationFile { Queries = JsonSerializer.Deserialize(text, FileContext.Default.ListQueryEntry) },
        (FileKind.Queries, false) => new ConfigurationFile { Queries = JsonSerializer.Deserialize(text, FileContext.Default.QueriesFile)!.Queries },
        _ => JsonSerializer.Deserialize(text, FileContext.Default.ConfigurationFile)!,
    };

    private static string Expected(FileKind kind) => kind switch
    {
        FileKind.Databases => "a list of databases, or an object with the key databases",
        FileKind.Queries => "a list of queries, or an object with the key queries",
        _ => "an object, at least {}",
    };

    /// <summary>Detects UTF-16 and UTF-32 by the byte order mark, or by the zero bytes beside the first character, which is ASCII in JSON.</summary>
    private static string? OtherEncodingOf(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0xFF, 0xFE, 0, 0, ..] or [0, 0, 0xFE, 0xFF, ..] or [not 0, 0, 0, 0, ..] or [0, 0, 0, not 0, ..] => "UTF-32",
        [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [not 0, 0, ..] or [0, not 0, ..] => "UTF-16",
        _ => null,
    };

    private static string NameOf(JsonTokenType outermost) => outermost switch
    {
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null",
        _ => "true or false",
    };

    // The serializer appends the position, which the error already begins with.
    private static string Reason(JsonException wrong, FileKind kind)
    {
        if (wrong.Message.Contains("does not contain any JSON tokens", StringComparison.Ordinal))
        {
            return $"the file is empty; it must hold {Expected(kind)}";
        }

        int end = wrong.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return end < 0 ? wrong.Message : wrong.Message[..end];
    }

    private static string KindReason(JsonException wrong)
    {
        string reason = wrong.Message;
        int end = reason.IndexOf(" Path:", StringComparison.Ordinal);
        reason = end < 0 ? reason : reason[..end];
        return reason switch
        {
            _ when reason.Contains("could not be mapped", StringComparison.Ordinal) => "unknown key; docs/configuration.md lists the keys",
            // Every scalar without a converter is a string.
            _ when wrong.InnerException is InvalidOperationException => "expected a string in double quotes",
            _ when reason.Contains("could not be converted", StringComparison.Ordinal) => "wrong type of value; docs/configuration.md shows the right one",
            _ => reason,
        };
    }
}
