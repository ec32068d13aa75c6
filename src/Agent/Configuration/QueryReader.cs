using System.Collections.Immutable;
using System.Globalization;
using Agent.Configuration.File;
using Agent.Postgres;

namespace Agent.Configuration;

/// <summary>Reads the custom queries.</summary>
/// <param name="databases">All databases, with their numbers of series.</param>
internal sealed class QueryReader(ImmutableArray<DatabaseSettings> databases)
{
    /// <summary>The end of a counter's name.</summary>
    internal const string CounterSuffix = "_total";

    // The agent adds it to each series.
    private const string DatabaseLabel = "db";
    private const string BucketLabel = "le";
    private const string QuantileLabel = "quantile";

    private readonly MetricNames _names = new();

    /// <returns>The databases with their queries, and the queries' settings with their origins.</returns>
    /// <exception cref="ConfigurationException">The first setting that is invalid.</exception>
    internal (ImmutableArray<Database> Databases, ImmutableArray<EffectiveSetting> Effective) Read(IReadOnlyList<FileEntry<QueryEntry>> entries)
    {
        Dictionary<string, ImmutableArray<Query>.Builder> queries = databases.ToDictionary(
            database => database.Database.Name, _ => ImmutableArray.CreateBuilder<Query>());
        ImmutableArray<EffectiveSetting>.Builder effective = ImmutableArray.CreateBuilder<EffectiveSetting>();
        foreach (FileEntry<QueryEntry> entry in entries)
        {
            Query query = ReadQuery(entry, effective);
            Setting<int>? maxSeries = entry.Find("maxSeries", entry.Values.MaxSeries)?.Parse(DatabaseReader.MaxSeries);
            Setting<ImmutableArray<string>> names = ReadDatabases(entry);
            foreach (DatabaseSettings database in databases.Where(database => names.Value.Contains(database.Database.Name)))
            {
                if (maxSeries?.Value > database.Database.MaxSeries)
                {
                    throw entry.Error(
                        "maxSeries",
                        $"the database {database.Database.Name} may produce only {database.Database.MaxSeries} series; "
                        + "give at most as many, or raise its maxSeries");
                }

                int state = StatisticsReport.SeriesOfState(queries[database.Database.Name].Count + 1);
                if (state > database.Database.MaxSeries)
                {
                    throw entry.Error(
                        "name",
                        $"the database {database.Database.Name} may produce only {database.Database.MaxSeries} series, and needs {state} for the state "
                        + "of the queries until here alone; run fewer queries on it, or raise its maxSeries");
                }

                int most = maxSeries?.Value ?? Math.Min(Query.DefaultMaxSeries, database.Database.MaxSeries);
                queries[database.Database.Name].Add(query with { MaxSeries = most });
            }

            if (maxSeries is { } series)
            {
                effective.Add(new($"queries.{query.Name}.maxSeries", series.Value.ToString(CultureInfo.InvariantCulture), series.Origin));
            }

            effective.Add(new($"queries.{query.Name}.databases", string.Join(',', names.Value), names.Origin));
        }

        return ([.. databases.Select(database => database.Database with { Queries = queries[database.Database.Name].ToImmutable() })], effective.ToImmutable());
    }

    private Query ReadQuery(FileEntry<QueryEntry> entry, ImmutableArray<EffectiveSetting>.Builder effective)
    {
        QueryEntry values = entry.Values;
        Setting<string> name = entry.Require("name", values.Name, MetricNames.Check);
        Setting<QueryType> type = entry.Read("type", values.Type, Type, QueryType.Gauge);
        CheckName(entry, name.Value, type.Value);
        Setting<string> help = entry.Require("help", values.Help, Help);
        Setting<ImmutableArray<string>> labels = entry.Find("labels", values.Labels)?.Parse(texts => Labels(texts, type.Value))
            ?? new([], Setting<string>.Default);
        Setting<string> sql = entry.Require("query", values.Query, Sql);
        Setting<string?> value = entry.Read<string?>("valueField", values.ValueField, Column, null);
        Setting<string?> bucket = entry.Read<string?>("bucketField", values.BucketField, Column, DefaultBucketField(type.Value));
        Setting<string?> sum = entry.Read<string?>("sumField", values.SumField, Column, null);
        Setting<string?> count = entry.Read<string?>("countField", values.CountField, Column, null);
        Setting<TimeSpan>? interval = entry.Find("interval", values.Interval)?.Parse(DatabaseReader.Interval);
        Setting<TimeSpan>? timeout = entry.Find("timeout", values.Timeout)?.Parse(DatabaseReader.Timeout);
        bool isDistribution = type.Value is QueryType.Histogram or QueryType.Summary;
        RefuseField(entry, "bucketField", values.BucketField, isDistribution, "a histogram or a summary");
        RefuseField(entry, "sumField", values.SumField, isDistribution, "a histogram or a summary");
        RefuseField(entry, "countField", values.CountField, type.Value == QueryType.Summary, "a summary");
        CheckColumns(entry, labels.Value, [("valueField", value), ("bucketField", bucket), ("sumField", sum), ("countField", count)]);

        string key = $"queries.{name.Value}";
        effective.Add(new($"{key}.type", values.Type ?? "gauge", type.Origin));
        effective.Add(new($"{key}.labels", labels.Value is [] ? "none" : string.Join(',', labels.Value), labels.Origin));
        effective.AddRange(Given($"{key}.valueField", value.Value, value.Origin));
        effective.AddRange(Given($"{key}.bucketField", bucket.Value, bucket.Origin));
        effective.AddRange(Given($"{key}.sumField", sum.Value, sum.Origin));
        effective.AddRange(Given($"{key}.countField", count.Value, count.Origin));
        effective.AddRange(Given($"{key}.interval", interval is null ? null : Duration.Format(interval.Value.Value), interval?.Origin));
        effective.AddRange(Given($"{key}.timeout", timeout is null ? null : Duration.Format(timeout.Value.Value), timeout?.Origin));
        return new Query(name.Value, help.Value, type.Value, sql.Value)
        {
            Labels = labels.Value,
            ValueField = value.Value,
            BucketField = bucket.Value,
            SumField = sum.Value,
            CountField = count.Value,
            Interval = interval?.Value,
            Timeout = timeout?.Value,
        };
    }

    private static EffectiveSetting[] Given(string name, string? value, string? origin) =>
        value is null ? [] : [new EffectiveSetting(name, value, origin!)];

    private void CheckName(FileEntry<QueryEntry> entry, string name, QueryType type)
    {
        bool endsAsCounter = name.EndsWith(CounterSuffix, StringComparison.Ordinal);
        if (type == QueryType.Counter && (!endsAsCounter || name == CounterSuffix))
        {
            throw entry.Error("name", $"'{name}' is a counter, and its name must end in {CounterSuffix}; rename it, or make it a gauge");
        }

        if (type != QueryType.Counter && endsAsCounter)
        {
            throw entry.Error("name", $"'{name}' ends in {CounterSuffix}, which is for counters; rename it, or make it a counter");
        }

        if (_names.TryTake(name, type, entry.PlaceOf("name")) is { } reason)
        {
            throw entry.Error("name", reason);
        }
    }

    /// <summary>The names of the databases that a query runs on.</summary>
    private Setting<ImmutableArray<string>> ReadDatabases(FileEntry<QueryEntry> entry)
    {
        ImmutableArray<string> all = [.. databases.Select(database => database.Database.Name)];
        if (all is [])
        {
            throw entry.Error(
                "query",
                $"there is no database to run it on; add one to databases, or name a file with databases in databasesFile or {EntryLists.DatabasesVariable}");
        }

        return entry.Find("databases", entry.Values.Databases)?.Parse<ImmutableArray<string>>(names =>
                names.Count == 0 ? throw new FormatException("the list is empty; name a database, or remove the key to run the query on all")
                : names.Find(name => !all.Contains(name)) is { } unknown ? throw new FormatException(
                    $"there is no database '{unknown}'; the databases are {string.Join(", ", all)}")
                : FirstRepeated(names) is { } twice ? throw new FormatException($"'{twice}' is given twice; name it once")
                : [.. names])
            ?? new(all, Setting<string>.Default);
    }

    private static QueryType Type(string text) => text switch
    {
        "gauge" => QueryType.Gauge,
        "counter" => QueryType.Counter,
        "histogram" => QueryType.Histogram,
        "summary" => QueryType.Summary,
        _ => throw new FormatException($"'{text}' is not a type of metric; write gauge, counter, histogram or summary"),
    };

    // The format of Prometheus escapes both, and not every reader takes the escapes back.
    private static string Help(string text) =>
        string.IsNullOrWhiteSpace(text) ? throw new FormatException("it is empty; say in a few words what the number is")
        : text.Contains('\\') || text.Any(char.IsControl) ? throw new FormatException(
            "it has a backslash, a line break or another control character; write it in one line without them")
        : text;

    private static ImmutableArray<string> Labels(List<string> texts, QueryType type)
    {
        foreach (string text in texts)
        {
            _ = MetricNames.CheckLabel(text);
            if (text == DatabaseLabel)
            {
                throw new FormatException($"the agent adds the label {DatabaseLabel} itself; give the column another name with AS in the query");
            }

            if ((type == QueryType.Histogram && text == BucketLabel) || (type == QueryType.Summary && text == QuantileLabel))
            {
                throw new FormatException($"the agent adds the label {text} itself; remove it here and name the column with bucketField");
            }
        }

        return FirstRepeated(texts) is { } twice ? throw new FormatException($"'{twice}' is given twice; name it once") : [.. texts];
    }

    private static string Sql(string text) =>
        string.IsNullOrWhiteSpace(text) ? throw new FormatException("it is empty; give one SELECT statement")
        : text.Contains('\0') ? throw new FormatException("it contains a NUL character, which PostgreSQL does not allow")
        : text;

    private static string Column(string text) =>
        text.Length > 0 && !text.Any(char.IsControl)
            ? text
            : throw new FormatException("the name of the column must not be empty or contain a control character");

    private static string? DefaultBucketField(QueryType type) => type switch
    {
        QueryType.Histogram => BucketLabel,
        QueryType.Summary => QuantileLabel,
        _ => null,
    };

    private static void RefuseField(FileEntry<QueryEntry> entry, string key, string? given, bool isAllowed, string types)
    {
        if (given is not null && !isAllowed)
        {
            throw entry.Error(key, $"only {types} has it; remove it, or change the type");
        }
    }

    /// <summary>Each column is read for one purpose.</summary>
    private static void CheckColumns(
        FileEntry<QueryEntry> entry, ImmutableArray<string> labels, ReadOnlySpan<(string Key, Setting<string?> Column)> fields)
    {
        Dictionary<string, string> uses = labels.ToDictionary(label => label, _ => "labels");
        foreach ((string key, Setting<string?> column) in fields)
        {
            if (column.Value is { } name && !uses.TryAdd(name, key))
            {
                throw entry.Error(key, $"the column {name} is already in {uses[name]}; name another column, or remove it there");
            }
        }
    }

    private static string? FirstRepeated(List<string> texts) => texts.Where((text, index) => texts.IndexOf(text) < index).FirstOrDefault();
}
