using Agent.Watching;

namespace Agent.Configuration;

/// <summary>The limit of a watch for which nobody has said one.</summary>
internal static class DefaultLimit
{
    /// <summary>The watch that is Consul's.</summary>
    internal const string ConsulWatch = "consul";

    // http_max_conns_per_client of Consul's "limits".
    private const int ConsulLimit = 200;

    internal static ClientLimit Of(string watch) => new(watch == ConsulWatch ? ConsulLimit : null, Setting<int?>.Default);
}
