using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Agent.Publishing.Http;

/// <summary>The token that clients must send, see RFC 6750. It is read again when its file changes. Only its hash is kept and compared.</summary>
internal sealed partial class BearerToken
{
    private const string Scheme = "Bearer ";

    private readonly ReloadingFile<byte[]> _hash;

    /// <exception cref="FormatException">The file cannot be read, or it does not hold one token.</exception>
    internal BearerToken(string file, TimeProvider time, ILogger logger) => _hash = new ReloadingFile<byte[]>(
        [file],
        contents => HashOf(contents[0], file),
        time,
        _ => LogReloaded(logger, file),
        reason => LogNotReloaded(logger, reason));

    /// <param name="authorization">The header Authorization.</param>
    internal Access Check(StringValues authorization)
    {
        if (authorization.Count == 0)
        {
            return Access.Missing;
        }

        // In constant time, so that the duration does not show how much of a guess is right.
        return authorization is [{ } value]
            && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(value[Scheme.Length..].Trim(' '))), _hash.Current)
                ? Access.Granted
                : Access.Wrong;
    }

    private static byte[] HashOf(ReadOnlySpan<byte> content, string file)
    {
        ReadOnlySpan<byte> token = content.TrimStart(Encoding.UTF8.Preamble).Trim(" \t\r\n"u8);
        return token.IsEmpty ? throw new FormatException($"{file} is empty; write a token into it")
            : token.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E)
                ? throw new FormatException($"{file} does not hold one token; write one token of printable ASCII characters into it, without spaces, and nothing else")
                : SHA256.HashData(token);
    }

    [LoggerMessage(63, LogLevel.Information, "the endpoint now uses the token in {File}")]
    private static partial void LogReloaded(ILogger logger, string file);

    [LoggerMessage(64, LogLevel.Warning, "cannot reload the endpoint's token: {Reason}; the previous token stays in use")]
    private static partial void LogNotReloaded(ILogger logger, string reason);
}

/// <summary>The result of checking the token of a request.</summary>
internal enum Access
{
    /// <summary>The client sent no credentials.</summary>
    Missing,

    /// <summary>The client sent other credentials than the token.</summary>
    Wrong,

    /// <summary>The client sent the token, or none is required.</summary>
    Granted,
}
