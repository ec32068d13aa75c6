using System.Collections.Immutable;

namespace Agent.Metrics;

/// <summary>
/// The metrics of the textfile, the endpoint and <c>--output prom</c>, in this order. A test compares docs/metrics.md with this list.
/// </summary>
internal static class MetricFamilies
{
    /// <summary>The further label of samples of another network namespace than the main one.</summary>
    internal const string NetnsLabel = "netns";

    internal static readonly MetricFamily TcpConnections = new(
        "tcp_connections", MetricType.Gauge,
        "Established TCP connections with this local port, by the IP version of the peer.", "port", "protocol");

    internal static readonly MetricFamily TcpUnacceptedConnections = new(
        "tcp_unaccepted_connections", MetricType.Gauge,
        "Established TCP connections with this local port that no process has accepted yet.", "port");

    internal static readonly MetricFamily TcpDeadConnections = new(
        "tcp_dead_connections", MetricType.Gauge,
        "Connections that the kernel has ended and the server has not closed, so that they still take a slot; absent where the agent cannot see them.", "port");

    internal static readonly MetricFamily TcpDeadConnectionsAge = new(
        "tcp_dead_connections_age_seconds", MetricType.Gauge,
        "How old the numbers of dead connections are, in seconds: 0 if they are of the last census, more while a further look has to wait.");

    internal static readonly MetricFamily TcpAcceptQueueLength = new(
        "tcp_accept_queue_length", MetricType.Gauge,
        "Connections that wait in the accept queues: of all sockets listening on this port, or of the unix socket with this path.", "port");

    internal static readonly MetricFamily TcpAcceptQueueLimit = new(
        "tcp_accept_queue_limit", MetricType.Gauge,
        "How many connections the accept queues may hold: of all sockets listening on this port, or of the unix socket with this path.", "port");

    internal static readonly MetricFamily TcpListenDrops = new(
        "tcp_listen_drops_total", MetricType.Counter,
        "Segments that the sockets listening on this port have dropped, for example SYNs while the accept queue was full. A client repeats its SYN, and each one counts.", "port");

    internal static readonly MetricFamily TcpHeldConnections = new(
        "tcp_held_connections", MetricType.Gauge,
        "Connections that all clients hold together: accepted, and ESTABLISHED, CLOSE_WAIT or dead.", "watch");

    internal static readonly MetricFamily TcpHeldConnectionsLimit = new(
        "tcp_held_connections_limit", MetricType.Gauge,
        "Connections that all clients together may hold; absent where there is no such limit.", "watch");

    internal static readonly MetricFamily TcpClients = new(
        "tcp_clients", MetricType.Gauge,
        "Client addresses that hold at least one connection of this watch.", "watch");

    internal static readonly MetricFamily TcpClientConnections = new(
        "tcp_client_connections", MetricType.Gauge,
        "Connections that this client holds: accepted, and ESTABLISHED, CLOSE_WAIT or dead. Only the clients that hold most.", "watch", "client");

    internal static readonly MetricFamily TcpClientConnectionsMax = new(
        "tcp_client_connections_max", MetricType.Gauge,
        "Connections of the client that holds most.", "watch");

    internal static readonly MetricFamily TcpClientConnectionsPeak = new(
        "tcp_client_connections_peak", MetricType.Gauge,
        "The highest number of connections that one client held within the last 60 seconds.", "watch");

    internal static readonly MetricFamily TcpClientConnectionsLimit = new(
        "tcp_client_connections_limit", MetricType.Gauge,
        "Connections that one client may hold; absent where there is no limit, and where the limit is unknown.", "watch");

    internal static readonly MetricFamily TcpLimitRefused = new(
        "tcp_limit_refused", MetricType.Gauge,
        "Whether the service answered 429 to the latest question for its limit: the agent's own address is at the limit.", "watch");

    internal static readonly MetricFamily TcpServerOpenFiles = new(
        "tcp_server_open_files", MetricType.Gauge,
        "Open files of the server's process that is nearest to its limit; absent where the agent cannot see it.", "watch");

    internal static readonly MetricFamily TcpServerOpenFilesLimit = new(
        "tcp_server_open_files_limit", MetricType.Gauge,
        "How many files that process may have open; absent where the agent cannot see it.", "watch");

    internal static readonly MetricFamily CensusSuccess = new(
        "sockdiag_census_success", MetricType.Gauge,
        "Whether the last census succeeded; after a failure, the connection metrics are absent.");

    internal static readonly MetricFamily CensusLastDuration = new(
        "sockdiag_census_last_duration_seconds", MetricType.Gauge,
        "How long the last census took, in seconds.");

    internal static readonly MetricFamily CensusLastSuccess = new(
        "sockdiag_census_last_success_timestamp_seconds", MetricType.Gauge,
        "When the last successful census ended, in seconds since 1970; absent before the first one.");

    internal static readonly MetricFamily BuildInfo = new(
        "sockdiag_build_info", MetricType.Gauge,
        "Always 1; the labels are the version and the commit of the agent.", "version", "revision");

    internal static readonly ImmutableArray<MetricFamily> All =
    [
        TcpConnections,
        TcpUnacceptedConnections,
        TcpDeadConnections,
        TcpDeadConnectionsAge,
        TcpAcceptQueueLength,
        TcpAcceptQueueLimit,
        TcpListenDrops,
        TcpHeldConnections,
        TcpHeldConnectionsLimit,
        TcpClients,
        TcpClientConnections,
        TcpClientConnectionsMax,
        TcpClientConnectionsPeak,
        TcpClientConnectionsLimit,
        TcpLimitRefused,
        TcpServerOpenFiles,
        TcpServerOpenFilesLimit,
        CensusSuccess,
        CensusLastDuration,
        CensusLastSuccess,
        BuildInfo,
    ];
}
