using System.Text.Json;
using Agent.Cli;
using Agent.Cli.Rendering;
using Agent.Limits;
using Agent.Watching;

namespace Agent.Tests.Cli.Rendering;

/// <summary>Databases, and watches that are judged by one, in each format.</summary>
public sealed class DatabaseOutputTests
{
    private const string Down = "no answer from db3.example:5432 within 5 s";

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(120)]
    public void Table_matches_the_golden_file(int width)
    {
        string text = Table(width, DatabaseSnapshots.All);
        GoldenFile.Holds($"table-databases-{width}.txt", text);
        // Text of the server cannot control the terminal.
        Assert.DoesNotContain('\e', text);
    }

    [Fact]
    public void Document_matches_the_golden_file() =>
        GoldenFile.Holds("census-databases.json", Snapshots.Text(new JsonFormat(), DatabaseSnapshots.All));

    [Fact]
    public void Lines_fit_the_width_and_ASCII_has_the_same_shape()
    {
        for (int width = 20; width <= 140; width++)
        {
            string[] lines = Table(width, DatabaseSnapshots.All).Split('\n');
            Assert.All(lines, line => Assert.True(line.Length <= width, $"{width}: {line}"));
            Assert.All(lines, line => Assert.DoesNotContain('…', line));
            string[] ascii = Snapshots.Text(new TableFormat(width, hasColors: false, allowsUtf8: false), DatabaseSnapshots.All).Split('\n');
            Assert.All(ascii, line => Assert.True(System.Text.Ascii.IsValid(line), line));
            Assert.Equal(lines.Length, ascii.Length);
        }
    }

    [Fact]
    public void Database_names_are_null_without_the_option()
    {
        using JsonDocument report = JsonDocument.Parse(Snapshots.Text(new JsonFormat(), DatabaseSnapshots.All with { Databases = null }));
        Assert.Equal(JsonValueKind.Null, report.RootElement.GetProperty("databases").ValueKind);
        Assert.DoesNotContain("oldest transaction", Table(80, DatabaseSnapshots.All with { Databases = null }));
    }

    [Theory]
    [InlineData(13, "OK", "13 of 17 connections in use (76 %)")]
    [InlineData(14, "WARNING", "14 of 17 connections in use (82 %)")]
    [InlineData(17, "CRITICAL", "17 of 17 connections in use (100 %)")]
    public void Check_line_of_a_watch_reports_the_server_and_shows_TCP_beside_it(int used, string state, string text) =>
        Assert.Equal(
            $"POSTGRES {state} - {text}, 90 held by TCP|postgres_max=90;;;0 postgres_clients=1;;;0 postgres_used={used};14;17;0;17",
            Line(DatabaseSnapshots.Watched(new ServerUse("db1") { Used = used, UsableLimit = 17 }, null, ("127.0.0.1", 90))));

    [Fact]
    public void Full_server_is_critical_and_has_no_number_that_was_not_measured()
    {
        ServerUse full = new("db1") { FullReason = DatabaseSnapshots.FullReason };
        Assert.Equal(
            "POSTGRES CRITICAL - database db1: the server refuses logins: sorry, too many clients already, 90 held by TCP"
                + "|postgres_max=90;;;0 postgres_clients=1;;;0",
            Line(DatabaseSnapshots.Watched(full, null, ("127.0.0.1", 90))));
        Assert.StartsWith(
            "POSTGRES CRITICAL - database db1: the server refuses logins: sorry, too many clients already, last known limit 17, 90 held by TCP|",
            Line(DatabaseSnapshots.Watched(full with { UsableLimit = 17 }, null, ("127.0.0.1", 90))));
        Assert.StartsWith(
            "POSTGRES CRITICAL - 12 of 17 connections in use (70 %), database db1: the server refuses logins: sorry, too many clients already, 90 held by TCP|",
            Line(DatabaseSnapshots.Watched(full with { Used = 12, UsableLimit = 17 }, null, ("127.0.0.1", 90))));
    }

    [Theory]
    [InlineData(true, "POSTGRES UNKNOWN")]
    [InlineData(false, "POSTGRES")]
    public void Server_that_gave_no_answer_is_never_OK(bool hasThresholds, string begin)
    {
        Watch watch = hasThresholds ? DatabaseSnapshots.Postgres : DatabaseSnapshots.Postgres with { Warning = null, Critical = null };
        Assert.StartsWith(
            $"{begin} - database db1: {Down}, 1 held by TCP|",
            Line(DatabaseSnapshots.Watched(new ServerUse("db1") { Problem = $"database db1: {Down}" }, watch, ("127.0.0.1", 1))));
    }

    [Fact]
    public void Client_at_its_own_limit_is_reported_with_the_problem_of_the_server()
    {
        Watch watch = DatabaseSnapshots.Postgres with { Limit = new ClientLimit(10, "agent.json:3") };
        Assert.StartsWith(
            "POSTGRES CRITICAL - 127.0.0.1 holds 10 of 10 connections (100 %), database db1: no answer|postgres_max=10;8;10;0;10 postgres_clients=1;;;0",
            Line(DatabaseSnapshots.Watched(new ServerUse("db1") { Problem = "database db1: no answer" }, watch, ("127.0.0.1", 10))));
    }

    [Fact]
    public void Check_line_has_each_database_and_the_worst_first() =>
        Assert.Equal(
            "DATABASE DB2 CRITICAL - the server refuses logins: sorry, too many clients already; "
                + $"DATABASE DB3 UNKNOWN - {Down}; "
                + "POSTGRES WARNING - 15 of 17 connections in use (88 %), 18 held by TCP; DATABASE DB1 WARNING - 15 of 17 connections in use (88 %)"
                + "|postgres_max=16;;;0 postgres_clients=2;;;0 postgres_used=15;14;17;0;17 database_db1_used=15;14;17;0;17",
            Line(DatabaseSnapshots.All));

    [Fact]
    public void Table_has_the_use_of_the_server_under_the_watches()
    {
        Assert.Contains(
            "  server of postgres: 15 of 17 usable connections in use (88 %)\n",
            Table(80, DatabaseSnapshots.Watched(new ServerUse("db1") { Used = 15, UsableLimit = 17 })));
        Assert.Contains(
            $"\e[33mserver of postgres: database db1: {Down}, last known limit 17\e[0m\n",
            Snapshots.Text(
                new TableFormat(120, hasColors: true), DatabaseSnapshots.Watched(new ServerUse("db1") { Problem = $"database db1: {Down}", UsableLimit = 17 })));
    }

    [Theory]
    [InlineData(13, null, null, "32")]
    [InlineData(14, null, null, "33")]
    [InlineData(17, null, null, "31")]
    [InlineData(13, 5, null, "33")]
    [InlineData(14, 15, null, "32")]
    [InlineData(14, null, 14, "31")]
    public void Use_of_the_server_has_the_color_of_the_thresholds(int used, int? warning, int? critical, string color)
    {
        Watch watch = DatabaseSnapshots.Postgres with
        {
            Warning = warning is { } warn ? new Threshold(warn, IsShare: false) : null,
            Critical = critical is { } crit ? new Threshold(crit, IsShare: false) : null,
        };
        Assert.Contains(
            $"\e[{color}mserver of postgres: {used} of 17 ",
            Snapshots.Text(new TableFormat(80, hasColors: true), DatabaseSnapshots.Watched(new ServerUse("db1") { Used = used, UsableLimit = 17 }, watch)));
    }

    [Fact]
    public void Each_problem_of_a_database_is_one_line() =>
        Assert.Equal(
            [$"database db2: the server refuses logins: {DatabaseSnapshots.FullReason}", $"database db3: {Down}"], DatabaseSnapshots.All.Problems);

    [Fact]
    public void Limit_of_held_connections_is_not_published_for_a_watch_with_a_database() =>
        Assert.DoesNotContain(
            "tcp_held_connections_limit{",
            Snapshots.Text(new PromFormat(), DatabaseSnapshots.Watched(new ServerUse("db1") { Used = 15, UsableLimit = 17 })));

    [Fact]
    public void Server_that_reports_a_limit_of_zero_does_not_end_the_program()
    {
        ServerUse odd = new("db1") { Used = 3, UsableLimit = 0 };
        Assert.StartsWith("POSTGRES CRITICAL - 3 of 0 connections in use, 0 held by TCP|", Line(DatabaseSnapshots.Watched(odd)));
        Assert.Contains("3 of 0 usable connections in use", Table(80, DatabaseSnapshots.Watched(odd)));
    }

    [Theory]
    [InlineData(false, false, false, "Prom")]
    [InlineData(false, true, false, "Table")]
    [InlineData(false, true, true, "Check")]
    [InlineData(true, true, true, "Table")]
    public void Databases_are_a_table_also_in_a_pipe_unless_thresholds_are_given(bool onTerminal, bool databases, bool hasThresholds, string format)
    {
        OnceOptions once = OnceOptions.Of(null, processes: false) with { Databases = databases, Warning = hasThresholds ? new Threshold(1, false) : null };
        Assert.Equal(format, once.FormatFor(onTerminal, hasThresholds: false).ToString());
        Assert.Equal(OutputFormat.Json, (once with { Format = OutputFormat.Json }).FormatFor(onTerminal, hasThresholds: false));
    }

    private static string Table(int width, Snapshot snapshot) => Snapshots.Text(new TableFormat(width, hasColors: false), snapshot);

    private static string Line(Snapshot snapshot) => Snapshots.Text(new CheckFormat(), snapshot).TrimEnd('\n');
}
