using System.Text;
using System.Text.RegularExpressions;
using Testing;

namespace Agent.Tests.Documents;

/// <summary>A page of this repository: its code blocks, the anchors of its headings, and its links.</summary>
internal sealed partial class MarkdownPage
{
    private static readonly string[] FoldersWithoutPages = ["bin", "obj", ".git"];

    private MarkdownPage(string path)
    {
        Path = path;
        string[] lines = Repository.Read(path).Split('\n');
        StringBuilder prose = new();
        HashSet<string> anchors = [];
        List<CodeBlock> blocks = [];
        for (int i = 0; i < lines.Length; i++)
        {
            if (Fence().Match(lines[i]) is { Success: true } fence)
            {
                int end = Array.FindIndex(lines, i + 1, line => line.TrimEnd() == fence.Groups["indent"].Value + "```");
                Assert.True(end > i, $"{path}:{i + 1}: the code block has no end");
                Match mark = Mark().Match(i > 0 ? lines[i - 1] : "");
                blocks.Add(new CodeBlock(
                    path, i + 1, fence.Groups["language"].Value, string.Join('\n', lines[(i + 1)..end]) + "\n", mark.Groups["kind"].Value, mark.Groups["reason"].Value));
                i = end;
            }
            else
            {
                prose.Append(lines[i]).Append('\n');
                if (Heading().Match(lines[i]) is { Success: true } heading)
                {
                    AddAnchor(anchors, heading.Groups["text"].Value);
                }
            }
        }

        Blocks = blocks;
        Code = [.. InlineCode().Matches(prose.ToString()).Select(code => code.Value.Trim('`'))];
        Anchors = anchors;
        Links = [.. Link().Matches(InlineCode().Replace(prose.ToString(), "code")).Select(link => link.Groups["target"].Value)];
    }

    /// <summary>Every page, without what builds and packages put into the checkout.</summary>
    internal static IReadOnlyList<MarkdownPage> All { get; } =
    [
        .. Directory.EnumerateFiles(Repository.PathOf("."), "*.md", SearchOption.AllDirectories)
            .Select(file => System.IO.Path.GetRelativePath(Repository.PathOf("."), file))
            .Where(path => !path.Split('/').Intersect(FoldersWithoutPages).Any())
            .Order(StringComparer.Ordinal)
            .Select(path => new MarkdownPage(path)),
    ];

    internal string Path { get; }

    internal IReadOnlyList<CodeBlock> Blocks { get; }

    /// <summary>The names that links after a <c>#</c> can have, as GitHub makes them of the headings.</summary>
    internal IReadOnlySet<string> Anchors { get; }

    internal IReadOnlyList<string> Links { get; }

    /// <summary>The code within sentences.</summary>
    internal IReadOnlyList<string> Code { get; }

    /// <summary>The names of the blocks of a language with a mark, for the data of a theory; <see cref="Find"/> takes them.</summary>
    internal static TheoryData<string> BlocksOf(string language, string mark) =>
        [.. All.SelectMany(page => page.Blocks).Where(block => block.Language == language && block.Mark == mark).Select(block => block.ToString())];

    internal static CodeBlock Find(string block) => All.SelectMany(page => page.Blocks).Single(each => each.ToString() == block);

    private static void AddAnchor(HashSet<string> anchors, string heading)
    {
        string text = Link().Replace(heading, link => link.Groups["text"].Value);
        string anchor = NotInAnchors().Replace(text.ToLowerInvariant(), "").Replace(' ', '-');
        string unique = anchor;
        for (int i = 1; !anchors.Add(unique); i++)
        {
            unique = $"{anchor}-{i}";
        }
    }

    [GeneratedRegex(@"^(?<indent> *)```(?<language>[a-z]*)$")]
    private static partial Regex Fence();

    [GeneratedRegex(@"^ *<!-- (?<kind>not run|output not compared|runs until stopped|not checked)(: (?<reason>.+))? -->$", RegexOptions.ExplicitCapture)]
    private static partial Regex Mark();

    [GeneratedRegex(@"^#+ (?<text>.+)$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"\[(?<text>[^\[\]]*)\]\((?<target>[^()\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("`[^`\n]+`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex NotInAnchors();

    /// <param name="Page">The page's path in the repository.</param>
    /// <param name="Line">The number of the line on which the block begins.</param>
    /// <param name="Language">The word after the fence; empty where there is none.</param>
    /// <param name="Text">All lines of the block.</param>
    /// <param name="Mark">The kind of the comment on the line before; empty where there is none.</param>
    /// <param name="Reason">The reason in that comment; empty where there is none.</param>
    internal sealed record CodeBlock(string Page, int Line, string Language, string Text, string Mark, string Reason)
    {
        internal bool IsCommands => Language is "sh" or "console";

        public override string ToString() => $"{Page}:{Line}";
    }
}
