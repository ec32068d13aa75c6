using System.Text.RegularExpressions;
using Testing;

namespace Agent.Tests.Documents;

/// <summary>Links, anchors, marks and length of the pages.</summary>
public sealed partial class PagesTests
{
    private const int LongestReadme = 200;

    private static readonly string[] Languages = ["console", "csharp", "hcl", "json", "sh", "text", "yaml"];

    public static TheoryData<string> Pages => [.. MarkdownPage.All.Select(page => page.Path)];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_link_and_anchor_leads_to_something(string path)
    {
        MarkdownPage page = MarkdownPage.All.Single(page => page.Path == path);

        Assert.All(page.Links.Where(link => !link.StartsWith("https://", StringComparison.Ordinal)), link =>
        {
            string[] parts = link.Split('#');
            string target = parts[0] == ""
                ? path
                : Path.GetRelativePath(Repository.PathOf("."), Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Repository.PathOf(path))!, parts[0])));
            Assert.True(Path.Exists(Repository.PathOf(target)) && !target.StartsWith("..", StringComparison.Ordinal), $"{path}: there is no {target} for the link {link}");
            if (parts.Length == 2)
            {
                Assert.Contains(parts[1], MarkdownPage.All.Single(other => other.Path == target).Anchors);
            }
        });
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_file_and_folder_that_a_sentence_names_exists(string path) => Assert.All(
        MarkdownPage.All.Single(page => page.Path == path).Code.Where(code => RepositoryPath().IsMatch(code)),
        code => Assert.True(Path.Exists(Repository.PathOf(code)), $"{path}: there is no {code}"));

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_code_block_has_a_language_that_tests_know(string path) =>
        Assert.All(MarkdownPage.All.Single(page => page.Path == path).Blocks, block => Assert.Contains(block.Language, Languages));

    [Fact]
    public void Every_mark_fits_its_block_and_has_a_reason() => Assert.All(
        MarkdownPage.All.SelectMany(page => page.Blocks).Where(block => block.Mark != ""),
        block =>
        {
            Assert.Equal(block.IsCommands, block.Mark != "not checked");
            Assert.Equal(block.Mark != "runs until stopped", block.Reason != "");
            Assert.True(block.Mark != "output not compared" || block.Language == "console", $"{block}: only a console block has output");
        });

    [Fact]
    public void Readme_is_short() => Assert.InRange(Repository.Read("README.md").Split('\n').Length - 1, 1, LongestReadme);

    [Fact]
    public void Readme_links_to_every_page_in_docs() => Assert.Empty(
        MarkdownPage.All.Select(page => page.Path).Where(path => path.StartsWith("docs/", StringComparison.Ordinal))
            .Except(MarkdownPage.All.Single(page => page.Path == "README.md").Links));

    [Fact]
    public async Task Table_picture_is_that_of_the_golden_file()
    {
        (int exitCode, string output) = await Tool.Run(Requires.Program("python3", "python3"), [Repository.PathOf("docs/make-table-picture"), "--print"]);

        Assert.True(exitCode == 0, output);
        Assert.True(output == Repository.Read("docs/table.svg"), "docs/table.svg is not that of the golden file; run docs/make-table-picture");
    }

    [GeneratedRegex("^(src|tests|integration|docs|deploy|bench)/[A-Za-z0-9_./-]+$")]
    private static partial Regex RepositoryPath();
}
