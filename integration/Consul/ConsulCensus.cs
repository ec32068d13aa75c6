using System.Text.Json;

namespace Integration.Consul;

/// <summary>The one watch in the JSON report of <c>agent --once --output json</c>, with exit code and standard error.</summary>
internal sealed record ConsulCensus(int ExitCode, string Errors, JsonElement Watch)
{
    internal int Held => Watch.GetProperty("held").GetInt32();

    internal int Ipv4 => Watch.GetProperty("ipv4").GetInt32();

    internal int Ipv6 => Watch.GetProperty("ipv6").GetInt32();

    internal int Unaccepted => Watch.GetProperty("unaccepted").GetInt32();

    /// <summary>The limit per client; null if there is no limit or it is unknown.</summary>
    internal int? Limit => Watch.GetProperty("limit") is { ValueKind: JsonValueKind.Number } limit ? limit.GetInt32() : null;

    internal static ConsulCensus Parse(int exitCode, string output, string errors)
    {
        using JsonDocument report = JsonDocument.Parse(output);
        return new ConsulCensus(exitCode, errors, Assert.Single(report.RootElement.GetProperty("watches").EnumerateArray()).Clone());
    }

    /// <summary>The number of connections that a client holds.</summary>
    internal int HeldBy(string client) => SumOf(client, "held");

    /// <summary>The number of them that the kernel has ended and Consul has not closed.</summary>
    internal int DeadOf(string client) => SumOf(client, "dead");

    private int SumOf(string client, string key) => Watch.GetProperty("topClients").EnumerateArray()
        .Where(each => each.GetProperty("address").GetString() == client)
        .Sum(each => each.GetProperty(key).GetInt32());
}
