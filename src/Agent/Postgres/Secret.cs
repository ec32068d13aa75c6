using System.Text;
using Agent.Platform;

namespace Agent.Postgres;

/// <summary>Reads passwords. It keeps none.</summary>
internal static class Secret
{
    // A longer file is no password.
    private const int MaxBytes = 64 * 1024;

    /// <summary>Reads the password of a login.</summary>
    /// <returns>The password, without the line break at its end; empty if the login has none.</returns>
    /// <exception cref="DatabaseException">The file or the variable is missing, empty or cannot be read. The message contains no part of it.</exception>
    internal static string Read(DatabaseLogin login) =>
        login.PasswordFile is { } file ? OfFile(file)
        : login.PasswordVariable is { } variable ? OfVariable(variable)
        : "";

    /// <summary>What changes when the file with the password is replaced or written; null without a file and while it cannot be seen.</summary>
    internal static string? StampOf(DatabaseLogin login)
    {
        try
        {
            // The target of a symbolic link: a ConfigMap swaps the link and not the file.
            return login.PasswordFile is { } path && new FileInfo(path) is { Exists: true } file
                ? $"{file.ResolveLinkTarget(returnFinalTarget: true)?.FullName} {File.GetLastWriteTimeUtc(path).Ticks} {LengthOf(path)}"
                : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long LengthOf(string path) => (File.ResolveLinkTarget(path, returnFinalTarget: true) as FileInfo ?? new FileInfo(path)).Length;

    private static string OfFile(string path)
    {
        try
        {
            using FileStream file = RegularFile.OpenRead(path);
            if (file.Length > MaxBytes)
            {
                throw Missing($"passwordFile {path}: it has more than {MaxBytes / 1024} KiB; a password is expected");
            }

            using StreamReader reader = new(file, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
            string text = reader.ReadToEnd();
            string password = text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
            return password.Length == 0 ? throw Missing($"passwordFile {path}: the file is empty; write the password into it")
                : password.Contains('\0') ? throw Missing($"passwordFile {path}: it contains a zero byte; a password is expected")
                : password;
        }
        catch (FileNotFoundException)
        {
            throw Missing($"passwordFile {path}: there is no such file; create it with the password");
        }
        catch (DecoderFallbackException)
        {
            throw Missing($"passwordFile {path}: it is not UTF-8 text; write the password in UTF-8");
        }
        catch (UnauthorizedAccessException failure)
        {
            throw Missing($"passwordFile {path}: {failure.Message}; the agent's user must be able to read it");
        }
        catch (IOException failure)
        {
            throw Missing($"passwordFile {path}: {failure.Message}; it must be a file with the password");
        }
    }

    private static string OfVariable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } password
        ? password
        : throw Missing($"passwordVariable {name}: the environment variable is not set, or is empty; set it before the agent starts");

    private static DatabaseException Missing(string message) => new(new DatabaseError(ErrorType.Password, message));
}
