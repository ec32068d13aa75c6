using System.Text.Json;
using System.Text.RegularExpressions;
using Testing;

namespace Agent.Tests.Documents;

/// <summary>The examples of files on the pages: configuration files, JSON and Prometheus' configuration.</summary>
[StartsProgram]
public sealed partial class ExamplesTests
{
    private static readonly string[] ConfigurationKeys = ["watches", "databases"];

    public static TheoryData<string> Json => MarkdownPage.BlocksOf("json", "");

    public static TheoryData<string> Yaml => MarkdownPage.BlocksOf("yaml", "");

    [Theory]
    [MemberData(nameof(Json))]
    public async Task Json_is_valid_and_the_agent_accepts_each_configuration_file(string block)
    {
        string text = MarkdownPage.Find(block).Text;
        // A block may show one member of an object.
        using JsonDocument example = JsonDocument.Parse(
            text.StartsWith('"') ? $"{{ {text} }}" : text, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        bool isList = example.RootElement.ValueKind == JsonValueKind.Array;
        if (isList || (ConfigurationKeys.Any(key => example.RootElement.TryGetProperty(key, out _)) && !example.RootElement.TryGetProperty("schemaVersion", out _)))
        {
            using Scratch scratch = new();
            // A list is a file of databases.
            await File.WriteAllTextAsync(scratch[isList ? "databases.json" : "agent.json"], text, TestContext.Current.CancellationToken);
            if (isList)
            {
                await File.WriteAllTextAsync(
                    scratch["agent.json"], $"{{ \"databasesFile\": \"{scratch["databases.json"]}\" }}", TestContext.Current.CancellationToken);
            }

            (int exitCode, _, string errors) = await AgentProcess.Run(["check-config", scratch["agent.json"]]);
            Assert.Equal((0, ""), (exitCode, errors));
        }
    }

    [Theory]
    [MemberData(nameof(Yaml))]
    public async Task Prometheus_accepts_each_yaml_configuration(string block)
    {
        using Scratch scratch = new();
        await File.WriteAllTextAsync(scratch["prometheus.yml"], MarkdownPage.Find(block).Text, TestContext.Current.CancellationToken);

        (int exitCode, string output) = await Tool.Run(Requires.Program("promtool", "prometheus"), ["check", "config", scratch["prometheus.yml"]]);

        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public async Task Page_about_configuration_has_every_option_of_the_help()
    {
        (int exitCode, string help, _) = await AgentProcess.Run(["--help"]);
        string[] options = [.. Options().Matches(help).Select(option => option.Value).Distinct()];
        string page = Repository.Read("docs/configuration.md");

        Assert.Equal(0, exitCode);
        Assert.NotEmpty(options);
        Assert.All(options, option => Assert.Contains($"`{option}", page, StringComparison.Ordinal));
    }

    [GeneratedRegex("--[a-z][a-z-]+")]
    private static partial Regex Options();
}
