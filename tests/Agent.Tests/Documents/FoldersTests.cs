using System.Text.RegularExpressions;
using Testing;

namespace Agent.Tests.Documents;

/// <summary>The folders of src/Agent and what they use, compared with the table in docs/architecture.md.</summary>
public sealed partial class FoldersTests
{
    private static readonly Dictionary<string, string> Rows = Row().Matches(Repository.Read("docs/architecture.md"))
        .ToDictionary(row => row.Groups["folder"].Value, row => row.Groups["uses"].Value);

    public static TheoryData<string> Folders => [.. Directory.EnumerateDirectories(Repository.PathOf("src/Agent"))
        .Select(directory => Path.GetFileName(directory)!)
        .Where(name => name is not ("bin" or "obj"))];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Folder_uses_only_what_the_table_says(string folder)
    {
        string[] allowed = Rows[folder] switch
        {
            "all of the above" => [.. Rows.Keys.TakeWhile(name => name != folder), "Netlink"],
            "all but Cli" => [.. Rows.Keys.Except(["Cli"]), "Netlink"],
            "–" => [],
            var uses => uses.Split(", "),
        };
        string[] used = [.. Directory.EnumerateFiles(Repository.PathOf($"src/Agent/{folder}"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Using().Matches(File.ReadAllText(file)).Select(match => match.Groups["name"].Value))
            .Distinct()
            .Where(name => name != folder)];
        Assert.Empty(used.Except(allowed));
        // The table says no more than the code does.
        Assert.True(Rows[folder].StartsWith("all", StringComparison.Ordinal) || allowed.Length == used.Length, $"{folder} uses only {string.Join(", ", used)}");
    }

    [Fact]
    public void No_folder_uses_one_that_uses_it()
    {
        string[] order = [.. Rows.Keys];
        Assert.All(Rows, row => Assert.All(
            row.Value.Split(", ").Where(order.Contains), used => Assert.True(Array.IndexOf(order, used) < Array.IndexOf(order, row.Key), $"{row.Key} uses {used}")));
    }

    [GeneratedRegex(@"^\| `src/Agent/(?<folder>\w+)` \| .* \| (?<uses>[^|]+) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"^using (static )?(Agent\.)?(?<name>Netlink|(?<=Agent\.)\w+)\b", RegexOptions.Multiline)]
    private static partial Regex Using();
}
