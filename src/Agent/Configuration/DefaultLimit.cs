using Agent.Watching;

namespace Agent.Configuration;

/// <summary>The limit of a watch for which nobody has said one.</summary>
internal static class DefaultLimit
{
    /// <summary>The watch that is Consul's.</summary>
    internal const string ConsulWatch = "consul";

    // http_max_conns_per_client of Consul's "limits".
    private const int ConsulLimit = 200;

    /// <param name="watch">The watch's name.</param>
    /// <param name="isAskedFor">Whether somebody will say it, so that it is not known yet rather than none.</param>
    internal static ClientLimit Of(string watch, bool isAskedFor) =>
        watch == ConsulWatch ? new(ConsulLimit, Setting<int>.Default)
        : isAskedFor ? ClientLimit.Unknown
        : new(null, Setting<int>.Default);
}
