using Agent.Readings;
using Agent.Workloads;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Agent.Cli.Rendering.Tables;

/// <summary>The processes that hold the clients' ends, grouped by client, and why the other ends are in no process.</summary>
internal static class ProcessTable
{
    private const string Closed = "closed";
    private const string Dead = "dead";
    private const string Unseen = "not seen";
    private const string Elsewhere = "elsewhere";
    private const string Unknown = "–";

    // Columns of one level of indentation.
    private const int Step = 2;

    internal static void Write(WatchProcesses processes, string name, Canvas canvas)
    {
        if (processes.Failure is { } failure)
        {
            canvas.Write(Indented(1, $"no processes of {name}: {OneLine.Of(failure)}"));
            return;
        }

        if (!processes.Clients.IsEmpty)
        {
            Table wide = Build(processes, name, isWide: true);
            canvas.Write(canvas.Measure(wide) <= canvas.Width ? wide : Build(processes, name, isWide: false));
        }

        foreach (string note in Notes(processes))
        {
            canvas.Write(Indented(1, note));
        }
    }

    /// <param name="processes">The processes.</param>
    /// <param name="name">The watch's name.</param>
    /// <param name="isWide">Whether PID and unit have their own columns. If not, the PID follows the command and the unit gets its own row.</param>
    private static Table Build(WatchProcesses processes, string name, bool isWide)
    {
        Table table = new Table { Border = TableBorder.Simple }.AddColumn(new TableColumn(new Text($"processes of {name}")));
        if (isWide)
        {
            table.AddColumn(new TableColumn(new Text("PID")).RightAligned()).AddColumn(new TableColumn(new Text("unit or container")));
        }

        table.AddColumn(new TableColumn(new Text("held")).RightAligned());
        foreach (ClientProcesses client in processes.Clients)
        {
            AddRow(table, Indented(0, $"{client.Client}"), client.Held);
            foreach (ProcessConnections process in client.Processes)
            {
                AddProcess(table, process, isWide);
            }

            if (client.MoreProcesses > 0)
            {
                AddRow(table, Indented(1, $"and {client.MoreProcesses} more"));
            }

            AddRest(table, Closed, client.Closed);
            AddRest(table, Dead, client.Dead);
            AddRest(table, Unseen, client.Unseen);
            AddRest(table, Elsewhere, client.Elsewhere);
        }

        return table;
    }

    private static void AddProcess(Table table, ProcessConnections process, bool isWide)
    {
        (int id, string? command, Workload workload) = process.Process;
        if (isWide)
        {
            table.AddRow(Indented(1, command ?? Unknown), new Text($"{id}"), new Text($"{workload}"), new Text($"{process.Connections}"));
            return;
        }

        AddRow(table, Indented(1, $"{command ?? Unknown} ({id})"), process.Connections);
        if (workload != Workload.Unknown)
        {
            AddRow(table, Indented(2, $"{workload}"));
        }
    }

    private static void AddRest(Table table, string what, int connections)
    {
        if (connections > 0)
        {
            AddRow(table, Indented(1, what), connections);
        }
    }

    /// <summary>Adds a row whose columns between the first and the last are empty.</summary>
    private static void AddRow(Table table, IRenderable first, int? connections = null) =>
        table.AddRow([first, .. Enumerable.Repeat(Text.Empty, table.Columns.Count - 2), new Text($"{connections}")]);

    private static IEnumerable<string> Notes(WatchProcesses processes)
    {
        if (processes.Clients.Any(client => client.Processes.Any(process => process.Shared > 0)))
        {
            yield return "connections that several processes share are counted with each of them";
        }

        if (processes.Clients.Any(client => client.Closed > 0))
        {
            yield return $"{Closed}: the client has closed the connection, the server has not";
        }

        if (processes.Clients.Any(client => client.Dead > 0))
        {
            yield return $"{Dead}: the connection has ended, and the server still has its socket open";
        }

        if (processes.Clients.Any(client => client.Unseen > 0))
        {
            yield return processes.Hidden > 0
                ? $"{Unseen}: the agent has no permission to read {Number(processes.Hidden)}; "
                    + "run it as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
                : $"{Unseen}: no process in this /proc holds them; a container sees the host's processes only with 'pid: host'";
        }

        if (processes.Clients.Any(client => client.Elsewhere > 0))
        {
            yield return $"{Elsewhere}: on another host, in another network namespace, or behind address translation";
        }
    }

    private static string Number(int processes) => processes == 1 ? "1 process" : $"{processes} processes";

    private static Padder Indented(int steps, string text) => new(new Text(text), new Padding(steps * Step, 0, 0, 0));
}
