using System.Text.Json;
using Agent.Cli.Rendering;
using Agent.Watching;
using Testing;

namespace Agent.Tests.Cli.Rendering;

public sealed class JsonFormatTests
{
    [Fact]
    public void Document_matches_the_golden_file() =>
        GoldenFile.Holds("census.json", Snapshots.Text(new JsonFormat(), Snapshots.Several));

    [Fact]
    public void Document_of_several_network_namespaces_matches_the_golden_file() =>
        GoldenFile.Holds("census-namespaces.json", Snapshots.Text(new JsonFormat(), Snapshots.SeveralNamespaces));

    [Fact]
    public void Document_with_processes_matches_the_golden_file() =>
        GoldenFile.Holds("census-processes.json", Snapshots.Text(new JsonFormat(), Snapshots.WithProcesses));

    [Fact]
    public void Failed_census_has_an_error_and_no_watches() =>
        GoldenFile.Holds("census-failed.json", Snapshots.Text(new JsonFormat(), Snapshots.Failed));

    [Fact]
    public void Unknown_limit_has_a_reason() =>
        GoldenFile.Holds("census-without-answers.json", Snapshots.Text(new JsonFormat(), Snapshots.WithoutAnswers));

    [Fact]
    public void Dead_connections_total_limits_and_open_files_match_the_golden_file() =>
        GoldenFile.Holds("census-dead.json", Snapshots.Text(new JsonFormat(), Snapshots.WithDead));

    [Fact]
    public void Document_contains_the_counts()
    {
        using JsonDocument report = JsonDocument.Parse(Snapshots.Text(new JsonFormat(), Snapshots.Busy));
        JsonElement watch = report.RootElement.GetProperty("watches")[0];
        Assert.Equal(405, watch.GetProperty("ipv4").GetInt64());
        Assert.Equal(4224, watch.GetProperty("acceptQueue").GetProperty("limit").GetInt64());
        Assert.Equal(
            Snapshots.Busy.Namespaces[0].Watches[0].Shown.Select(client => ($"{client.Client}", client.Held)),
            watch.GetProperty("topClients").EnumerateArray()
                .Select(client => (client.GetProperty("address").GetString()!, client.GetProperty("held").GetInt32())));
    }

    [Theory]
    [InlineData(159, "ok")]
    [InlineData(160, "warning")]
    [InlineData(190, "critical")]
    public void State_agrees_with_the_exit_code(int held, string state)
    {
        Watch watch = Snapshots.Consul with { Warning = new Threshold(80, IsShare: true), Critical = new Threshold(95, IsShare: true) };
        using JsonDocument report = JsonDocument.Parse(Snapshots.Text(new JsonFormat(), Snapshots.Of(watch, ("192.0.2.7", held))));
        Assert.Equal(state, report.RootElement.GetProperty("watches")[0].GetProperty("state").GetString());
    }

    [Fact]
    public void Pages_name_every_key()
    {
        string pages = Repository.Read("docs/output.md") + Repository.Read("docs/processes.md");
        using JsonDocument report = JsonDocument.Parse(Snapshots.Text(new JsonFormat(), Snapshots.WithProcesses));
        using JsonDocument dead = JsonDocument.Parse(Snapshots.Text(new JsonFormat(), Snapshots.WithDead));
        Assert.All(Keys(report.RootElement).Concat(Keys(dead.RootElement)).Distinct(), key => Assert.Contains($"\"{key}\": ", pages));
    }

    private static IEnumerable<string> Keys(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property => Keys(property.Value).Prepend(property.Name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Keys),
        _ => [],
    };
}
