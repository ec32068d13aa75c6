using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Agent.Configuration.File;

/// <summary>A configuration file that was read: what is in it, and where.</summary>
internal sealed class LoadedFile
{
    // Ten thousand series do not need a hundredth of it; a device or a log by mistake is not to be read to its end.
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

    /// <summary>The file, as it was named.</summary>
    internal string Path { get; }

    /// <summary>All that stands in it.</summary>
    internal ReadOnlyMemory<byte> Text { get; }

    /// <summary>Whether it is not a pipe, from which everything comes only once.</summary>
    internal bool CanBeReadAgain { get; }

    internal ConfigurationFile Values { get; }

    /// <exception cref="ConfigurationException">It cannot be read, is not JSON, or has other keys and kinds of values than it may.</exception>
    internal static LoadedFile Read(string path)
    {
        (byte[] bytes, bool canBeReadAgain) = ReadAll(path, System.IO.File.OpenRead);
        return Parse(path, bytes, canBeReadAgain);
    }

    /// <param name="path">The file, as errors and origins name it.</param>
    /// <param name="bytes">What was read from it.</param>
    /// <param name="canBeReadAgain">Whether it is not a pipe.</param>
    /// <exception cref="ConfigurationException">It is not JSON, or has other keys and kinds of values than it may.</exception>
    internal static LoadedFile Parse(string path, byte[] bytes, bool canBeReadAgain)
    {
        if (OtherEncodingOf(bytes) is { } encoding)
        {
            throw new ConfigurationException($"{path}: this is {encoding}; save it as UTF-8");
        }

        ReadOnlySpan<byte> text = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsSpan(Encoding.UTF8.Preamble.Length) : bytes;
        if (!Utf8.IsValid(text))
        {
            throw new ConfigurationException($"{path}: not UTF-8; save it in that encoding");
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
            throw new ConfigurationException($"{path}:1: the file holds {NameOf(lines.Outermost)}; put an object into it, at least {{}}");
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

    /// <summary>Where the key stands, as an origin that a user can go to.</summary>
    internal string PlaceOf(string key) => $"{Path}:{_lines.LineOf(key)}";

    /// <summary>An error that names file, line and key.</summary>
    internal ConfigurationException Wrong(string key, string message) => new($"{PlaceOf(key)}: {key}: {message}");

    /// <summary>What stands in the file, valid or not.</summary>
    /// <exception cref="ConfigurationException">It cannot be read.</exception>
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
                    throw new ConfigurationException($"{path}: more than {LargestFile >> 20} MiB; this is no configuration file");
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
        _ when Directory.Exists(path) => "is a directory; name a file",
        FileNotFoundException or DirectoryNotFoundException when LinkTargetOf(path) is { } target =>
            $"is a symbolic link to {target}, which does not exist; make that file, or name another one",
        FileNotFoundException or DirectoryNotFoundException => "cannot be read: there is no such file; check the path",
        UnauthorizedAccessException => "cannot be read: the agent's user may not read it; chmod or chown it",
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
            // It went, or may not be looked at. What opened it has said so already.
            return null;
        }
    }

    /// <summary>An encoding with two or four bytes for each character, by its byte order mark or by the zero beside the first character of JSON.</summary>
    private static string? OtherEncodingOf(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0xFF, 0xFE, 0, 0, ..] or [0, 0, 0xFE, 0xFF, ..] or [not 0, 0, 0, 0, ..] or [0, 0, 0, not 0, ..] => "UTF-32",
        [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [not 0, 0, ..] or [0, not 0, ..] => "UTF-16",
        _ => null,
    };

    private static string NameOf(JsonTokenType outermost) => outermost switch
    {
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a text",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null",
        _ => "true or false",
    };

    // The serializer appends where it was, which is said already.
    private static string Reason(JsonException wrong)
    {
        if (wrong.Message.Contains("does not contain any JSON tokens", StringComparison.Ordinal))
        {
            return "the file holds no settings; put an object into it, at least {}";
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
            _ when reason.Contains("could not be mapped", StringComparison.Ordinal) => "unknown key; see the README for those that there are",
            // All scalars that the serializer reads by itself are texts.
            _ when wrong.InnerException is InvalidOperationException => "a text in quotes is expected here",
            _ when reason.Contains("could not be converted", StringComparison.Ordinal) => "a value of another kind is expected here; see the README",
            _ => reason,
        };
    }
}
