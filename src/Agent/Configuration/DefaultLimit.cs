using System.Collections.Immutable;
using Agent.Limits;
using Agent.Limits.Consul;

namespace Agent.Configuration;

/// <summary>What holds for a watch that has no name or no limit of its own.</summary>
internal static class DefaultLimit
{
    /// <param name="watch">The watch's name.</param>
    /// <param name="isAskedFor">Whether a service is asked for it. Then there is no other: a guess would be wrong just where it matters.</param>
    internal static ClientLimit Of(string watch, bool isAskedFor) =>
        isAskedFor ? ClientLimit.NotAsked
        : watch == ConsulDefaults.WatchName ? new(ConsulDefaults.ClientLimit, Setting<int>.Default)
        : new(null, Setting<int>.Default);

    /// <summary>The name of a watch of these ports: Consul's, or else the ports themselves.</summary>
    internal static string NameOf(ImmutableArray<ushort> ports) =>
        ports.All(port => port is ConsulDefaults.HttpPort or ConsulDefaults.HttpsPort) ? ConsulDefaults.WatchName : string.Join(',', ports);
}
