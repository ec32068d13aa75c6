using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Agent.Platform;

namespace Agent.Configuration.File;

/// <summary>A configuration file that was read: its values, and the line of each key.</summary>
internal sealed class LoadedFile
{
    // A hundred times the largest useful file. A device or a log that was given by mistake is not read to its end.
    private const int LargestFile = 4 << 20;

    private readonly KeyLines _lines;

    private LoadedFile(string path, ReadOnlyMemory<byte> bytes, bool canBeReadAgain, ConfigurationFile values, KeyLines lines)
    {
        Path = path;
        CanBeReadAgain = canBeReadAgain;
        Text = bytes;
        Values = values;
        _lines = lines;
    }

    /// <summary>The path as it was given.</summary>
    internal string Path { get; }

    /// <summary>The whole content.</summary>
    internal ReadOnlyMemory<byte> Text { get; }

    /// <summary>Whether the file can be reloaded. A pipe can be read only once.</summary>
    internal bool CanBeReadAgain { get; }

    internal ConfigurationFile Values { get; }

    /// <exception cref="ConfigurationException">The file cannot be read, is not JSON, or has unknown keys or values of a wrong type.</exception>
    internal static LoadedFile Read(string path)
    {
        (byte[] bytes, bool canBeReadAgain) = ReadAll(path, System.IO.File.OpenRead);
        return Parse(path, bytes, canBeReadAgain);
    }

    /// <param name="path">The path for errors and origins.</param>
    /// <param name="bytes">The content.</param>
    /// <param name="canBeReadAgain">Whether the file can be reloaded.</param>
    /// <exception cref="ConfigurationException">The content is not JSON, or has unknown keys or values of a wrong type.</exception>
    internal static LoadedFile Parse(string path, byte[] bytes, bool canBeReadAgain)
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
            throw new ConfigurationException($"{path}:{wrong.LineNumber + 1}:{key} {Reason(wrong)}");
        }

        if (lines.Outermost != JsonTokenType.StartObject)
        {
            throw new ConfigurationException($"{path}:1: the file holds {NameOf(lines.Outermost)}; it must hold an object, at least {{}}");
        }

        try
        {
            ConfigurationFile values = JsonSerializer.Deserialize(text, FileContext.Default.ConfigurationFile)
                ?? throw new JsonException("the file holds null");
            return new LoadedFile(path, bytes, canBeReadAgain, values, lines);
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

    /// <summary>Reads the content of a regular file, without parsing it.</summary>
    /// <exception cref="ConfigurationException">The file cannot be read.</exception>
    internal static byte[] ReadBytes(string path) => ReadAll(path, RegularFile.OpenRead).Bytes;

    private static (byte[] Bytes, bool CanBeReadAgain) ReadAll(string path, Func<string, FileStream> open)
    {
        try
        {
            using FileStream file = open(path);
            using MemoryStream bytes = new();
            byte[] buffer = new byte[16 * 1024];
            for (int read; (read = file.Read(buffer)) > 0;)
            {
                bytes.Write(buffer, 0, read);
                if (bytes.Length > LargestFile)
                {
                    throw new ConfigurationException($"{path}: larger than {LargestFile >> 20} MiB; this is not a configuration file");
                }
            }

            return (bytes.ToArray(), file.CanSeek);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ConfigurationException($"{path}: {ReasonOf(path, failure)}");
        }
    }

    private static string ReasonOf(string path, Exception failure) => failure switch
    {
        _ when Directory.Exists(path) => "is a directory; give a file",
        FileNotFoundException or DirectoryNotFoundException when LinkTargetOf(path) is { } target =>
            $"is a symbolic link to {target}, which does not exist; create that file, or give another path",
        FileNotFoundException or DirectoryNotFoundException => "cannot be read: there is no such file; check the path",
        UnauthorizedAccessException => "cannot be read: permission denied for the agent's user; change the file's owner or mode",
        _ => $"cannot be read: {failure.Message}",
    };

    private static string? LinkTargetOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It was removed, or its directory may not be read. The reason from opening the file is enough.
            return null;
        }
    }

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
    private static string Reason(JsonException wrong)
    {
        if (wrong.Message.Contains("does not contain any JSON tokens", StringComparison.Ordinal))
        {
            return "the file is empty; it must hold an object, at least {}";
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
