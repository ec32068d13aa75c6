using System.Text.RegularExpressions;
using Testing;

namespace Agent.Tests.Program;

/// <summary><see cref="StartsProgramAttribute"/> is on every test class that starts the program, itself or through others. Their tests also run with the published program.</summary>
public sealed partial class StartsProgramTests
{
    [Theory]
    [InlineData("tests/Agent.Tests")]
    [InlineData("tests/Netlink.Tests")]
    [InlineData("integration")]
    public void Attribute_is_on_the_classes_that_start_the_program_and_on_no_others(string project)
    {
        // A file holds one type, which has the file's name.
        Dictionary<string, string> sources = Directory.EnumerateFiles(Repository.PathOf(project), "*.cs", SearchOption.AllDirectories)
            .Where(path => !Path.GetRelativePath(Repository.PathOf(project), path).StartsWith("obj/", StringComparison.Ordinal))
            .Where(path => Path.GetFileNameWithoutExtension(path) != nameof(StartsProgramTests))
            .ToDictionary(path => path, File.ReadAllText);
        HashSet<string> starters = [nameof(AgentProcess)];
        while (sources.FirstOrDefault(source => Mentions(source.Value, starters) && !IsTest(source.Value) && starters.Add(NameOf(source.Key))).Key is not null)
        {
        }

        Assert.Equal(
            sources.Where(source => IsTest(source.Value) && Mentions(source.Value, starters)).Select(source => NameOf(source.Key)).Order(),
            sources.Where(source => source.Value.Contains("\n[StartsProgram]\n", StringComparison.Ordinal)).Select(source => NameOf(source.Key)).Order());
    }

    private static bool Mentions(string source, HashSet<string> types) => Identifiers().Matches(source).Any(word => types.Contains(word.Value));

    private static bool IsTest(string source) => source.Contains("    [Fact]\n", StringComparison.Ordinal) || source.Contains("    [Theory]\n", StringComparison.Ordinal);

    private static string NameOf(string path) => Path.GetFileNameWithoutExtension(path);

    [GeneratedRegex(@"\b[A-Z][A-Za-z]+\b")]
    private static partial Regex Identifiers();
}
