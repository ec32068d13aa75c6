using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Testing;

namespace Integration.Postgres;

/// <summary>The agent with databases: its configuration file, its process and its endpoint. Short intervals unless a test sets others.</summary>
internal sealed partial class DatabaseAgent : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 200 }) { Timeout = Poll.Timeout };
    private AgentProcess? _process;

    /// <param name="servers">The servers, the first one with a watch of its port.</param>
    internal DatabaseAgent(params DiscGolfServer[] servers)
    {
        Configuration = new JsonObject
        {
            ["interval"] = "200ms",
            ["textfileDirectory"] = "none",
            ["endpoint"] = new JsonObject { ["listen"] = new JsonArray(Address), ["requestsPerMinute"] = 1_000_000 },
            ["watches"] = new JsonArray(new JsonObject
            {
                ["name"] = "postgres",
                ["ports"] = new JsonArray(servers[0].Port),
                ["limitFrom"] = new JsonObject { ["database"] = servers[0].Database },
            }),
            ["databases"] = new JsonArray([.. servers.Select(server => new JsonObject
            {
                ["name"] = server.Database,
                ["host"] = "127.0.0.1",
                ["port"] = server.Port,
                ["database"] = server.Database,
                ["user"] = "agent",
                ["passwordFile"] = server.PasswordFile,
                ["interval"] = "1s",
            })]),
            ["queries"] = new JsonArray(Query("disc_golf_total_holes", "SELECT sum(hole_count) AS total_holes FROM courses")),
        };
    }

    /// <summary>The configuration file that <see cref="StartAsync"/> and <see cref="WriteConfiguration"/> write.</summary>
    internal JsonObject Configuration { get; }

    internal string ConfigurationFile => _scratch["agent.json"];

    internal JsonArray Databases => Configuration["databases"]!.AsArray();

    internal JsonArray Queries => Configuration["queries"]!.AsArray();

    /// <summary>The address of the endpoint: HOST:PORT.</summary>
    internal string Address { get; } = Loopback.FreeAddress();

    internal AgentProcess Process => _process!;

    /// <summary>A path in the agent's directory.</summary>
    internal string this[string name] => _scratch[name];

    internal static JsonObject Query(string name, string sql, params string[] labels) => new()
    {
        ["name"] = name,
        ["help"] = "A metric of a test",
        ["type"] = "gauge",
        ["labels"] = new JsonArray([.. labels.Select(label => JsonValue.Create(label))]),
        ["query"] = sql,
    };

    /// <summary>Replaces the configuration file at once.</summary>
    internal void WriteConfiguration()
    {
        File.WriteAllText(_scratch["new"], Configuration.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        File.Move(_scratch["new"], ConfigurationFile, overwrite: true);
    }

    /// <summary>Starts the agent and waits until it answers.</summary>
    internal async Task StartAsync()
    {
        WriteConfiguration();
        _process = AgentProcess.Start(["--config", ConfigurationFile]);
        await Poll.Until(
            () =>
            {
                Assert.False(Process.HasExited, Process.Errors);
                return Loopback.Get(_client, Uri("/metrics")) is not null;
            },
            "the agent answers");
    }

    /// <summary>Runs another agent with the same configuration to its end.</summary>
    internal Task<(int ExitCode, string Output, string Errors)> RunAsync(params IEnumerable<string> arguments)
    {
        WriteConfiguration();
        return AgentProcess.Run(arguments);
    }

    /// <summary>Asks the endpoint once; anything but the status 200 fails the test.</summary>
    internal async Task<string> GetAsync(string path = "/metrics", string accept = "text/plain")
    {
        using HttpRequestMessage request = new(HttpMethod.Get, Uri(path));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using HttpResponseMessage response = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {response.StatusCode}\n{text}");
        return text;
    }

    /// <summary>The samples of a scrape.</summary>
    internal async Task<Sample[]> SamplesAsync() => [.. Lines().Matches(await GetAsync()).Select(Sample.Of)];

    /// <summary>Scrapes until the samples meet the condition.</summary>
    /// <returns>Those samples.</returns>
    internal async Task<Sample[]> Until(Predicate<Sample[]> condition, string what)
    {
        Sample[] samples = [];
        try
        {
            await Poll.Until(
                async () =>
                {
                    Assert.False(Process.HasExited, Process.Errors);
                    return condition(samples = await SamplesAsync());
                },
                what);
        }
        catch (Xunit.Sdk.XunitException failure)
        {
            Assert.Fail(
                $"{failure.Message}\n{string.Join('\n', samples.Where(sample => !sample.Name.StartsWith("sockdiag_", StringComparison.Ordinal)))}\n{Process.Errors}");
        }

        return samples;
    }

    /// <summary>Scrapes until each sample has its value.</summary>
    internal Task<Sample[]> Until(params (string Sample, double Value)[] expected) => Until(
        samples => expected.All(each => samples.Any(sample => sample.Is(each.Sample) && sample.Value.Equals(each.Value))),
        string.Join(", ", expected.Select(each => $"{each.Sample} {each.Value}")));

    public void Dispose()
    {
        _process?.Dispose();
        _client.Dispose();
        _scratch.Dispose();
    }

    private Uri Uri(string path) => new($"http://{Address}{path}");

    [GeneratedRegex(@"^(?<name>[a-zA-Z_:][\w:]*)(\{(?<labels>.*)\})? (?<value>\S+)$", RegexOptions.Multiline)]
    private static partial Regex Lines();
}

/// <summary>A sample of an exposition.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Labels">Its labels as they are written.</param>
/// <param name="Value">Its value.</param>
internal sealed record Sample(string Name, IReadOnlySet<string> Labels, double Value)
{
    /// <summary>Whether it has this name and at least these labels: <c>pg_full{db="db1",scope="server"}</c>.</summary>
    internal bool Is(string text)
    {
        string[] parts = text.TrimEnd('}').Split('{');
        return Name == parts[0] && (parts.Length == 1 || parts[1].Split(',').All(Labels.Contains));
    }

    public override string ToString() => $"{Name}{{{string.Join(',', Labels)}}} {Value}";

    internal static Sample Of(Match line) => new(
        line.Groups["name"].Value,
        // No label of these tests has a comma in its value.
        line.Groups["labels"].Value.Split(',', StringSplitOptions.RemoveEmptyEntries).ToHashSet(),
        double.Parse(line.Groups["value"].Value.Replace("Inf", "Infinity", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture));
}
