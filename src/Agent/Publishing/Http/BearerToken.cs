using System.Security.Cryptography;
using System.Text;
using Agent.Platform;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Agent.Publishing.Http;

/// <summary>The token that clients have to show, see RFC 6750; read again when its file changes. Only its hash is kept and compared.</summary>
internal sealed partial class BearerToken
{
    private const string Scheme = "Bearer ";

    private readonly FromFiles<byte[]> _hash;

    /// <exception cref="FormatException">The file cannot be read, or holds no token.</exception>
    internal BearerToken(string file, TimeProvider time, ILogger logger) => _hash = new FromFiles<byte[]>(
        [file],
        contents => HashOf(contents[0], file),
        time,
        _ => LogRenewed(logger, file),
        reason => LogNotRenewed(logger, reason));

    /// <param name="authorization">The header Authorization.</param>
    internal Access Judge(StringValues authorization)
    {
        if (authorization.Count == 0)
        {
            return Access.Missing;
        }

        // As long for a wrong one as for the right one, wherever they differ.
        return authorization is [{ } value]
            && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(value[Scheme.Length..].Trim(' '))), _hash.Current)
                ? Access.Granted
                : Access.Wrong;
    }

    private static byte[] HashOf(ReadOnlySpan<byte> content, string file)
    {
        if (!OpenSsl.IsInstalled)
        {
            throw new FormatException($"{file} cannot be used: {OpenSsl.Advice}");
        }

        ReadOnlySpan<byte> token = content.TrimStart(Encoding.UTF8.Preamble).Trim(" \t\r\n"u8);
        return token.IsEmpty ? throw new FormatException($"{file} is empty; put a token into it")
            : token.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E)
                ? throw new FormatException($"{file} holds more than a token; put one into it, without spaces, and nothing else")
                : SHA256.HashData(token);
    }

    [LoggerMessage(63, LogLevel.Information, "the endpoint's token is that of {File} as it is now")]
    private static partial void LogRenewed(ILogger logger, string file);

    [LoggerMessage(64, LogLevel.Warning, "cannot take another token for the endpoint: {Reason}; the last good one stays in force")]
    private static partial void LogNotRenewed(ILogger logger, string reason);
}
