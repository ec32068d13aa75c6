namespace Netlink;

/// <summary>
/// The reply is malformed: a truncated message, a wrong length, another sequence number. Discard everything that was counted from this dump.
/// </summary>
public sealed class MalformedMessageException : Exception
{
    internal MalformedMessageException(string problem)
        : base($"malformed reply from sock_diag: {problem}; the count was discarded")
    {
    }
}
