namespace Agent.Limits.Consul;

/// <summary>Consul's default ports and limit; see https://developer.hashicorp.com/consul/docs/reference/agent/configuration-file/general#limits.</summary>
internal static class ConsulDefaults
{
    /// <summary>The name of the watch that counts Consul's connections.</summary>
    internal const string WatchName = "consul";

    /// <summary>The port of HTTP.</summary>
    internal const ushort HttpPort = 8500;

    /// <summary>The usual port of HTTPS, if it is enabled. One limit per client counts the connections to both ports together.</summary>
    internal const ushort HttpsPort = 8501;

    /// <summary><c>limits.http_max_conns_per_client</c>.</summary>
    internal const int ClientLimit = 200;
}
