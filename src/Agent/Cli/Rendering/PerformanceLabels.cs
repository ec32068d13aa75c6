using System.Text;
using Agent.Watching;

namespace Agent.Cli.Rendering;

/// <summary>
/// The labels of a check line's performance data, unique for each watch and database. The guidelines of monitoring plugins forbid <c>=</c> and <c>'</c> in a
/// label, and <c>|</c> separates text from data. These and <c>%</c> are percent-encoded, as in a URL.
/// </summary>
internal sealed class PerformanceLabels
{
    private const char Separator = '_';
    private const string EncodedSeparator = "%5F";
    private const string DatabasePrefix = "database";

    private readonly Dictionary<string, int> _uses = [];

    internal PerformanceLabels(Snapshot snapshot)
    {
        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            foreach (WatchCounts counts in found.Watches)
            {
                string name = Join(counts.Watch.Name, found.Netns, $"{Separator}");
                _uses[name] = _uses.GetValueOrDefault(name) + 1;
            }
        }

        foreach (ServerJudgement database in snapshot.Databases ?? [])
        {
            string name = Join(DatabasePrefix, database.Use.Database, $"{Separator}");
            _uses[name] = _uses.GetValueOrDefault(name) + 1;
        }
    }

    /// <summary>The label of a database: <c>database_NAME_used</c>.</summary>
    /// <param name="database">Its configured name.</param>
    /// <param name="what">The measured value.</param>
    internal string OfDatabase(string database, string what) => Of(DatabasePrefix, database, what);

    /// <param name="watch">The watch's name.</param>
    /// <param name="netns">Its network namespace; null for the main one.</param>
    /// <param name="what">The measured value: <c>max</c>, <c>clients</c>, <c>total</c> or <c>used</c>.</param>
    internal string Of(string watch, string? netns, string what)
    {
        string name = Join(watch, netns, $"{Separator}");
        if (_uses.GetValueOrDefault(name) > 1)
        {
            // The watch a_b, and the watch a in the namespace b.
            name = Join(watch, netns, EncodedSeparator);
        }

        string label = $"{name}{Separator}{what}";
        return label.Any(char.IsWhiteSpace) ? $"'{label}'" : label;
    }

    private static string Join(string watch, string? netns, string separator) =>
        netns is null ? Escape(watch) : $"{Escape(watch)}{separator}{Escape(netns)}";

    private static string Escape(string text)
    {
        StringBuilder escaped = new(text.Length);
        foreach (char character in text)
        {
            escaped.Append(character is '=' or '\'' or '|' or '%' || char.IsControl(character) ? $"%{(int)character:X2}" : $"{character}");
        }

        return escaped.ToString();
    }
}
