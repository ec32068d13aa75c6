namespace Agent.Limits;

/// <summary>What holds for a Consul that nobody has configured otherwise; see https://developer.hashicorp.com/consul/docs/reference/agent/configuration-file/general#limits.</summary>
internal static class ConsulDefaults
{
    /// <summary>The name of the watch that counts for Consul.</summary>
    internal const string WatchName = "consul";

    /// <summary>Where Consul serves HTTP.</summary>
    internal const ushort HttpPort = 8500;

    /// <summary>Where Consul serves HTTPS, if it does. One limit per client counts the connections of both ports together.</summary>
    internal const ushort HttpsPort = 8501;

    /// <summary><c>limits.http_max_conns_per_client</c>.</summary>
    internal const int ClientLimit = 200;
}
