using System.Text.Json;
using Testing;

namespace Integration;

/// <summary>The questions that a running Prometheus is asked.</summary>
/// <param name="address">Where it listens.</param>
/// <param name="until">Waits for a condition that only the running Prometheus can fulfil.</param>
internal sealed class PrometheusApi(string address, Func<Func<bool>, string, Task> until) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Poll.Timeout };

    /// <summary>Asks until the answer is as it should be.</summary>
    /// <param name="expression">In PromQL.</param>
    /// <param name="answers">Whether the series and their values are the awaited ones.</param>
    internal Task QueryUntil(string expression, Predicate<JsonElement[]> answers) => until(
        () => Data($"query?query={Uri.EscapeDataString(expression)}") is { } data
            && answers([.. data.GetProperty("result").EnumerateArray()]),
        expression);

    /// <summary>Asks until the answer is one series with this value.</summary>
    internal Task QueryUntil(string expression, string value) =>
        QueryUntil(expression, series => series is [var one] && one.GetProperty("value")[1].GetString() == value);

    /// <summary>Waits for an alert to come into one of some states.</summary>
    internal Task AlertUntil(string alert, params string[] states) => until(
        () => AlertState(alert) is { } state && states.Contains(state), $"{alert} {string.Join(" or ", states)}");

    /// <returns><c>inactive</c>, <c>pending</c> or <c>firing</c>.</returns>
    internal string? AlertState(string alert) => Data("rules?type=alert")?.GetProperty("groups").EnumerateArray()
        .SelectMany(group => group.GetProperty("rules").EnumerateArray())
        .Single(rule => rule.GetProperty("name").GetString() == alert)
        .GetProperty("state").GetString();

    public void Dispose() => _client.Dispose();

    private JsonElement? Data(string path) =>
        Loopback.Get(_client, new Uri($"http://{address}/api/v1/{path}")) is { } answer
            ? JsonElement.Parse(answer).GetProperty("data")
            : null;
}
