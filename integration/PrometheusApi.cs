using System.Text.Json;
using Testing;

namespace Integration;

/// <summary>The HTTP API of a running Prometheus.</summary>
/// <param name="address">The address on which it listens: HOST:PORT.</param>
/// <param name="until">Waits for a condition that only the running Prometheus can meet.</param>
internal sealed class PrometheusApi(string address, Func<Func<bool>, string, Task> until) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Poll.Timeout };

    /// <summary>Repeats a query until the result meets the condition.</summary>
    /// <param name="expression">The query, in PromQL.</param>
    /// <param name="condition">Returns whether the result has the expected series and values.</param>
    internal Task QueryUntil(string expression, Predicate<JsonElement[]> condition) => until(
        () => Data($"query?query={Uri.EscapeDataString(expression)}") is { } data
            && condition([.. data.GetProperty("result").EnumerateArray()]),
        expression);

    /// <summary>Repeats a query until the result is one series with this value.</summary>
    internal Task QueryUntil(string expression, string value) =>
        QueryUntil(expression, series => series is [var one] && one.GetProperty("value")[1].GetString() == value);

    /// <summary>Waits until an alert is in one of these states.</summary>
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
