using System.Globalization;
using Agent.Postgres;
using Agent.Readings;
using Agent.Watching;
using Agent.Workloads;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Agent.Cli.Rendering.Tables;

/// <summary>The databases of <c>--databases</c>: for each server its limits and use, and who uses it. Roles, databases and applications choose their names.</summary>
internal static class DatabaseTables
{
    // More than anybody reads. JSON has all.
    private const int MostSessionRows = 20;
    private const int MostHolders = 10;
    private const string Unknown = "–";
    private const string None = "none";

    // A younger transaction is no news; the agent's own is one.
    private const double ShortestAge = 1;

    internal static void Write(Snapshot snapshot, Canvas canvas)
    {
        foreach (ServerJudgement database in snapshot.Databases ?? [])
        {
            canvas.WriteEmptyLine();
            DatabaseReading? reading = DatabaseReadings.Of(snapshot.View, database.Use.Database);
            canvas.Write(new Text(Heading(database, reading)));
            canvas.Write(SnapshotTables.Note(Use(database, reading), ThresholdColor.OfServer(database)));
            if (reading?.Statistics is { } statistics)
            {
                WriteNotes(statistics, canvas);
                WriteDatabases(statistics, canvas);
                if (statistics.Server is { } server)
                {
                    WriteSessions(server, canvas);
                    WriteClients(server, database.Use.UsableLimit, canvas);
                    WriteHolders(DatabaseReadings.HoldersOf(snapshot.View, database.Use.Database), canvas);
                }
            }
        }
    }

    /// <summary><c>database db1: 127.0.0.1:5432, PostgreSQL 15.18, primary</c>.</summary>
    private static string Heading(ServerJudgement database, DatabaseReading? reading) => string.Join(", ", (IEnumerable<string>)
    [
        $"database {Safe(database.Use.Database)}{(reading is null ? "" : $": {Safe(reading.Database.Login.Server.ToString())}")}",
        .. reading?.Statistics is { } statistics ? (string[])[$"PostgreSQL {Safe(statistics.Version)}", Safe(statistics.Role)] : [],
    ]);

    /// <summary><c>12 of 17 usable connections in use (70 %), 20 at most, 3 reserved for superusers</c>.</summary>
    private static string Use(ServerJudgement database, DatabaseReading? reading)
    {
        string use = Safe(ServerText.WithReason(database.Use, ServerText.UsableConnections, database.Use.Reason));
        return reading?.Limits is not { } limits ? use : string.Join(", ", (IEnumerable<string>)
        [
            use, $"{limits.Maximum} at most", $"{limits.ReservedForSuperusers} reserved for superusers",
            .. limits.ReservedForRoles > 0 ? (string[])[$"{limits.ReservedForRoles} for roles with pg_use_reserved_connections"] : [],
        ]);
    }

    private static void WriteNotes(DatabaseStatistics statistics, Canvas canvas)
    {
        if (statistics.IsRestricted)
        {
            canvas.Write(Warning("the agent's role may not see the states and addresses of other roles; grant it pg_monitor"));
        }

        if (statistics.IsSuperuser)
        {
            canvas.Write(Warning("the agent's role is a superuser; give the agent an ordinary role with pg_monitor"));
        }

        if (statistics.Server is not { } server)
        {
            return;
        }

        foreach (RoleUse role in server.LimitedRoles)
        {
            canvas.Write(SnapshotTables.Note(
                $"role {Safe(role.Role)}: {role.Used} of {role.Limit} connections in use", ThresholdColor.OfPart(role.Used, role.Limit)));
        }

        foreach (WithoutBackend watch in server.WithoutBackend)
        {
            if (watch.Count > 0)
            {
                canvas.Write(Warning(
                    $"{watch.Count} connections of {watch.Watch} without a backend: the client is silent, or in the middle of its login"));
            }
        }

        if (DatabaseReadings.OldestTransaction(server) is { TransactionSeconds: >= ShortestAge and { } age } oldest)
        {
            string application = oldest.Application.Length > 0 ? $" ({Safe(oldest.Application)})" : "";
            canvas.Write(SnapshotTables.Note(
                $"oldest transaction: {Age(age)}, role {Safe(oldest.Role)} in {Safe(oldest.Database)}, {Safe(oldest.State)}, "
                    + $"from {oldest.Client?.Address.ToString() ?? "a unix socket"}{application}",
                Style.Plain));
        }
    }

    private static void WriteDatabases(DatabaseStatistics statistics, Canvas canvas)
    {
        if (statistics.Databases.IsEmpty)
        {
            return;
        }

        canvas.WriteEmptyLine();
        new RowTable("database", ["in use", "limit", "size", "transaction", "idle in transaction"]).Write(
        [
            .. statistics.Databases.Select(database =>
            {
                int? used = statistics.Server is { } server ? DatabaseReadings.UsedOf(server, database.Name) : null;
                Style color = used is { } some && database.Limit is not null ? ThresholdColor.OfPart(some, database.Limit) : Style.Plain;
                return (Safe(database.Name), (Text[])
                [
                    new Text(used is { } known ? $"{known}" : Unknown, color),
                    new Text(database.Limit is { } limit ? $"{limit}" : None),
                    new Text(database.SizeBytes is { } size ? Size(size) : Unknown),
                    new Text(DatabaseReadings.Seconds(database.TransactionSeconds) is { } oldest ? Age(oldest) : Unknown),
                    new Text(DatabaseReadings.Seconds(database.IdleInTransactionSeconds) is { } idle ? Age(idle) : Unknown),
                ]);
            }),
        ],
        canvas);
    }

    /// <summary>The sessions as a tree with two columns, which fits every width: database, role, state.</summary>
    private static void WriteSessions(ServerStatistics server, Canvas canvas)
    {
        SessionGroup[] groups = [.. SessionGroup.Of(server.Sessions)];
        if (groups.Length == 0)
        {
            return;
        }

        Table table = new Table { Border = TableBorder.Simple }
            .AddColumn(new TableColumn(new Text("sessions by database, role and state")))
            .AddColumn(new TableColumn(new Text("in use")).RightAligned());
        foreach (IGrouping<string, SessionGroup> database in groups.Take(MostSessionRows).GroupBy(group => group.Database))
        {
            AddRow(table, 0, database.Key, database);
            foreach (IGrouping<string, SessionGroup> role in database.GroupBy(group => group.Role))
            {
                AddRow(table, 1, role.Key, role);
                foreach (SessionGroup state in role)
                {
                    AddRow(table, 2, state.State, [state]);
                }
            }
        }

        canvas.WriteEmptyLine();
        canvas.Write(table);
        if (groups.Length > MostSessionRows)
        {
            canvas.Write(SnapshotTables.Note($"and {groups.Skip(MostSessionRows).Sum(group => group.Count)} more sessions", Style.Plain));
        }
    }

    private static void AddRow(Table table, int depth, string name, IEnumerable<SessionGroup> groups) => table.AddRow(
        new Padder(new Text(Safe(name)), new Padding(2 * depth, 0, 0, 0)), new Text($"{groups.Sum(group => group.Count)}"));

    private static void WriteClients(ServerStatistics server, int? limit, Canvas canvas)
    {
        if (server.Clients.IsEmpty)
        {
            return;
        }

        canvas.WriteEmptyLine();
        ClientTable.WriteWithBar(barLength => BuildClients(server, limit > 0 ? limit : null, barLength), canvas);
        int rest = server.Used - server.Clients.Sum(client => client.Used);
        if (rest > 0)
        {
            canvas.Write(SnapshotTables.Note($"and {rest} of other clients", Style.Plain));
        }
    }

    private static Table BuildClients(ServerStatistics server, int? limit, int barLength)
    {
        Table table = new Table { Border = TableBorder.Simple }
            .AddColumn(new TableColumn(new Text("clients")))
            .AddColumn(new TableColumn(new Text("in use")).RightAligned());
        if (limit is not null)
        {
            for (int column = barLength > 0 ? 0 : 1; column < 2; column++)
            {
                table.AddColumn(new TableColumn(new Text(column == 0 ? "" : "usable limit")).RightAligned());
            }
        }

        foreach (ClientUse client in server.Clients)
        {
            Style color = ThresholdColor.OfPart(client.Used, limit);
            List<IRenderable> row = [new Text(Safe(client.Client)), new Text($"{client.Used}", color)];
            if (limit is { } most)
            {
                if (barLength > 0)
                {
                    row.Add(ClientTable.Bar(client.Used, most, barLength, color));
                }

                row.Add(new Text($"{WatchTotals.PercentOf(client.Used, most)} %", color));
            }

            table.AddRow(row);
        }

        return table;
    }

    /// <summary>A line for each unit, container or process of this host that holds sessions.</summary>
    private static void WriteHolders(SessionHolders? found, Canvas canvas)
    {
        if (found is null or { Failure: null, Holders: [], Unseen: 0, Elsewhere: 0, WithoutAddress: 0 })
        {
            return;
        }

        canvas.WriteEmptyLine();
        if (found.Failure is { } failure)
        {
            canvas.Write(Warning($"no processes of the clients: {OneLine.Of(failure)}"));
            return;
        }

        foreach (SessionHolder holder in found.Holders.Take(MostHolders))
        {
            canvas.Write(SnapshotTables.Note(holder.ToString(), Style.Plain));
        }

        if (found.Holders.Length > MostHolders)
        {
            canvas.Write(SnapshotTables.Note(
                $"and {found.Holders.Length - MostHolders} more hold {found.Holders.Skip(MostHolders).Sum(holder => holder.Used)}", Style.Plain));
        }

        foreach ((int count, string where) in (ReadOnlySpan<(int, string)>)
        [
            (found.Unseen, "not seen: the client is on this host, in no process that the agent may look into"),
            (found.Elsewhere, "elsewhere: on another host, in another network namespace, or behind address translation"),
            (found.WithoutAddress, "through a unix socket, or from an address that is hidden"),
        ])
        {
            if (count > 0)
            {
                canvas.Write(SnapshotTables.Note($"{count} {where}", Style.Plain));
            }
        }
    }

    private static Padder Warning(string text) => SnapshotTables.Note(text, ThresholdColor.Of(WatchState.Warning));

    /// <summary>Text of the server, without what a terminal could interpret.</summary>
    private static string Safe(string text) => ProcessNames.Printable(text);

    /// <summary><c>2 d 3 h</c>, <c>12 min 5 s</c> or <c>42 s</c>.</summary>
    private static string Age(double seconds)
    {
        long whole = (long)Math.Min(seconds, long.MaxValue / 2);
        return whole switch
        {
            < 60 => $"{whole} s",
            < 3600 => $"{whole / 60} min {whole % 60} s",
            < 86400 => $"{whole / 3600} h {whole % 3600 / 60} min",
            _ => $"{whole / 86400} d {whole % 86400 / 3600} h",
        };
    }

    private static string Size(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        double size = bytes;
        int unit = 0;
        for (; size >= 1024 && unit < units.Length - 1; unit++)
        {
            size /= 1024;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{size:0.#} {units[unit]}");
    }
}
