namespace Netlink;

/// <summary>
/// Bytes came that cannot be a true reply: a message cut short, a length that lies, another sequence number. Nothing counted from that dump
/// may be used.
/// </summary>
public sealed class MalformedMessageException : Exception
{
    internal MalformedMessageException(string what)
        : base($"the reply of sock_diag cannot be true: {what}; the count was discarded")
    {
    }
}
