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
        (byte[] bytes, bool canBeReadAgain) = ReadAll(path);
        return Parse(path, bytes, canBeReadAgain);
    }

    /// <param name="path">The file, as errors and origins name it.</param>
    /// <param name="bytes">What was read from it.</param>
    /// <param name="canBeReadAgain">Whether it is not a pipe.</param>
    /// <exception cref="ConfigurationException">It is not JSON, or has other keys and kinds of values than it may.</exception>
    internal static LoadedFile Parse(string path, byte[] bytes, bool canBeReadAgain)
    {
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

        try
        {
            ConfigurationFile values = JsonSerializer.Deserialize(text, FileContext.Default.ConfigurationFile)
                ?? throw new JsonException("the file holds null; put an object into it");
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
    internal static byte[] ReadBytes(string path) => ReadAll(path).Bytes;

    private static (byte[] Bytes, bool CanBeReadAgain) ReadAll(string path)
    {
        try
        {
            using FileStream file = System.IO.File.OpenRead(path);
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
            throw new ConfigurationException($"{path}: cannot be read: {failure.Message}");
        }
    }

    // The serializer appends where it was, which is said already.
    private static string Reason(JsonException wrong)
    {
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
