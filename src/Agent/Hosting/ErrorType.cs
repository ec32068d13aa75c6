using System.Net.Sockets;
using Agent.Configuration;
using Agent.Publishing.Http;
using Agent.Limits;
using Netlink;

namespace Agent.Hosting;

/// <summary>The kinds of failures that metrics tell apart; so few that their number is bounded.</summary>
internal static class ErrorType
{
    internal static string Of(Exception failure) => failure switch
    {
        NetlinkException { IsTimeout: true } or TimeoutException => "timeout",
        NetlinkException => "netlink",
        MalformedMessageException => "malformed",
        LimitUnknownException => "limit",
        ConfigurationException => "configuration",
        EndpointException => "endpoint",
        TaskEndedException => "ended",
        UnauthorizedAccessException => "access",
        SocketException => "socket",
        IOException => "io",
        _ => "other",
    };
}
