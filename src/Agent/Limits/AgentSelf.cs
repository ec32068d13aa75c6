using System.Text.Json;

namespace Agent.Limits;

/// <summary>
/// Reads what Consul answers at <c>/v1/agent/self</c>; see https://developer.hashicorp.com/consul/api-docs/agent#read-configuration.
/// </summary>
internal static class AgentSelf
{
    private const string Section = "DebugConfig";
    private const string Limit = "HTTPMaxConnsPerClient";

    /// <returns>How many connections a client may hold; null for as many as it likes.</returns>
    /// <exception cref="FormatException">It is not there; the message follows on the name of who was asked.</exception>
    internal static int? ReadLimit(ReadOnlyMemory<byte> answer)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(answer);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty(Section, out JsonElement section)
                && section.ValueKind == JsonValueKind.Object
                && section.TryGetProperty(Limit, out JsonElement limit)
                    ? ToLimit(limit)
                    : throw new FormatException(
                        $"answers without {Section}.{Limit}: it is not Consul, or one from before that limit; "
                        + "check the address, or give the limit yourself");
        }
        catch (JsonException)
        {
            throw new FormatException("answers with something else than JSON: it is not Consul; check the address");
        }
    }

    // Consul enforces no limit where its number is 0 or below; and above int's range is more than a client can open.
    private static int? ToLimit(JsonElement limit) =>
        limit.ValueKind == JsonValueKind.Number && limit.TryGetInt64(out long value)
            ? value is > 0 and <= int.MaxValue ? (int)value : null
            : throw new FormatException(
                $"answers with a {Section}.{Limit} that is not a whole number, {Shorten(limit.GetRawText())}; give the limit yourself");

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
