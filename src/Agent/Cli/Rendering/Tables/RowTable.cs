using Spectre.Console;

namespace Agent.Cli.Rendering.Tables;

/// <summary>A table with one row for each thing, or one block for each if the rows are too wide.</summary>
/// <param name="heading">The heading of the names: what the things are.</param>
/// <param name="columns">The headings of the values.</param>
internal sealed class RowTable(string heading, string[] columns)
{
    internal void Write((string Name, Text[] Values)[] things, Canvas canvas)
    {
        Table rows = Rows(things);
        if (canvas.Measure(rows) <= canvas.Width)
        {
            canvas.Write(rows);
            return;
        }

        bool first = true;
        foreach ((string name, Text[] values) in things)
        {
            if (!first)
            {
                canvas.WriteEmptyLine();
            }

            canvas.Write(Block(name, values));
            first = false;
        }
    }

    private Table Rows((string Name, Text[] Values)[] things)
    {
        Table table = new Table { Border = TableBorder.Simple }.AddColumn(new TableColumn(new Text(heading)));
        foreach (string column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column)).RightAligned());
        }

        foreach ((string name, Text[] values) in things)
        {
            table.AddRow([new Text(name), .. values]);
        }

        return table;
    }

    private Table Block(string name, Text[] values)
    {
        Table table = new Table { Border = TableBorder.Simple }
            .AddColumn(new TableColumn(new Text(heading)))
            .AddColumn(new TableColumn(new Text(name)));
        foreach ((string column, Text value) in columns.Zip(values))
        {
            table.AddRow(new Text(column), value);
        }

        return table;
    }
}
