using System.Collections.Immutable;
using Agent.Configuration.File;

namespace Agent.Configuration;

/// <summary>
/// Reads the lists of databases and of custom queries. Each has entries in the configuration file, and entries in a file of its own, which a variable
/// or a key of the configuration file names.
/// </summary>
/// <param name="lookup">Finds the settings.</param>
/// <param name="files">Reads the files.</param>
internal sealed class EntryLists(SettingLookup lookup, SourceFiles files)
{
    internal const string DatabasesVariable = "DBS_CONFIG_FILE";
    internal const string QueriesVariable = "QUERIES_FILE";

    /// <summary>The databases of the configuration file, then those of their own file.</summary>
    /// <exception cref="ConfigurationException">A file cannot be read or parsed, or a list is empty.</exception>
    internal EntryList<DatabaseEntry> ReadDatabases() =>
        Read("databases", "a database", DatabasesVariable, FileKind.Databases, lookup.File?.Values.DatabasesFile, file => file.Databases, allowsNone: false);

    /// <summary>The queries of the configuration file, then those of their own file, which may have none.</summary>
    /// <inheritdoc cref="ReadDatabases"/>
    internal EntryList<QueryEntry> ReadQueries() =>
        Read("queries", "a query", QueriesVariable, FileKind.Queries, lookup.File?.Values.QueriesFile, file => file.Queries, allowsNone: true);

    private EntryList<TEntry> Read<TEntry>(
        string key, string entry, string variable, FileKind kind, string? path, Func<ConfigurationFile, List<TEntry>?> list, bool allowsNone)
    {
        List<FileEntry<TEntry>> entries = [];
        if (lookup.File is { } main && list(main.Values) is { } inMain)
        {
            Add(entries, main, key, inMain);
            if (inMain.Count == 0)
            {
                throw main.Error(key, $"the list is empty; add {entry}, or remove the key");
            }
        }

        if (lookup.Find(null, variable, $"{key}File", path) is not { } given)
        {
            return new(entries, []);
        }

        Setting<string> absolute = given.Parse(SettingParser.File);
        LoadedFile file = LoadedFile.Parse(given.Text, ReadFile(given), kind);
        List<TEntry> inFile = list(file.Values) ?? throw file.Error(key, "is missing; name the list so, or write the list alone");
        if (inFile.Count == 0 && !allowsNone)
        {
            throw file.Error(key, $"the list is empty; add {entry}, or remove {given.Place}");
        }

        Add(entries, file, file.IsList ? "" : key, inFile);
        return new(entries, [new EffectiveSetting($"{key}File", absolute.Value, absolute.Origin)]);
    }

    private static void Add<TEntry>(List<FileEntry<TEntry>> entries, LoadedFile file, string key, List<TEntry> list)
    {
        for (int i = 0; i < list.Count; i++)
        {
            entries.Add(new FileEntry<TEntry>(list[i], file, $"{key}[{i}]"));
        }
    }

    private byte[] ReadFile(GivenSetting<string> given)
    {
        try
        {
            return files.Read(given.Text);
        }
        catch (ConfigurationException unreadable)
        {
            throw given.Error(unreadable.Message);
        }
    }
}

/// <summary>The entries of a list, in the order in which they stand in the files.</summary>
/// <param name="Entries">The entries.</param>
/// <param name="Effective">The file of its own, as operators see it; empty without one.</param>
internal sealed record EntryList<TEntry>(IReadOnlyList<FileEntry<TEntry>> Entries, ImmutableArray<EffectiveSetting> Effective);
