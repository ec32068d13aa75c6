using Agent.Watching;

namespace Agent.Cli.Rendering.Json;

/// <summary>A client.</summary>
/// <param name="Address">Its IP address.</param>
/// <param name="Held">Connections that it holds.</param>
/// <param name="PercentOfLimit">Rounded down; null where there is no limit.</param>
internal sealed record ClientReport(string Address, int Held, long? PercentOfLimit)
{
    internal static ClientReport Of(ClientCount client, int? limit) =>
        new(client.Address.ToString(), client.Held, limit is { } most ? Share.PercentOf(client.Held, most) : null);
}
