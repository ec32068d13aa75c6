using System.Collections.Immutable;
using System.Net;
using Agent.Watching;
using Agent.Workloads;
using Netlink;
using Netlink.SockDiag;
using Testing;

namespace Agent.Tests.Workloads;

/// <summary>Lookups of real processes on a real kernel.</summary>
public sealed class ProcessLookupTests
{
    [Fact]
    public void Client_process_is_found_with_its_name()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        using ClientProcess client = new(server, host);

        ClientProcesses found = Assert.Single(Look(host).Clients);
        Assert.Equal(("127.0.0.1", 1, 0, 0, 0, 0), (
            $"{found.Client}", found.Held, found.MoreProcesses, found.Closed, found.Unseen, found.Elsewhere));
        ProcessConnections holder = Assert.Single(found.Processes);
        Assert.Equal((client.Id, "bash", 1, 0), (holder.Process.Id, holder.Process.Command, holder.Connections, holder.Shared));
        Assert.Equal(ControlGroups.Parse(File.ReadAllText($"/proc/{client.Id}/cgroup")), holder.Process.Workload);
    }

    [Fact]
    public async Task Connection_that_a_child_has_inherited_is_shared_and_counts_for_both()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        using ClientProcess client = new(server, host, shared: true);
        await Poll.Until(() => Look(host).Clients[0].Processes.Any(process => process.Process.Command == "cat"), "bash has started cat");

        ClientProcesses found = Look(host).Clients[0];
        Assert.Equal(1, found.Held);
        Assert.Equal([("bash", 1, 1), ("cat", 1, 1)], found.Processes
            .Select(process => (process.Process.Command!, process.Connections, process.Shared)).Order());
    }

    [Fact]
    public void Each_kind_of_client_end_is_counted()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.Accept(4, from: IPAddress.Parse("127.0.0.7"));
        server.AcceptOneEnded(2);
        using ClientProcess client = new(server, host);

        ImmutableArray<ClientProcesses> clients = Look(host).Clients;
        Assert.Equal(["127.0.0.7 4", "127.0.0.1 3"], clients.Select(found => $"{found.Client} {found.Held}"));
        Assert.Contains(clients[0].Processes, process => process.Process.Id == Environment.ProcessId && process.Connections == 4);
        Assert.Equal(2, clients[1].Elsewhere);
        Assert.Contains(clients[1].Processes, process => process.Process.Id == client.Id && process.Connections == 1);
    }

    [Fact]
    public void Connections_of_another_namespace_are_not_counted()
    {
        using TestNamespace host = new();
        using TestNamespace other = new();
        using Connections server = new(host, 8500);
        using Connections otherServer = new(other, 8500);
        using ClientProcess otherClient = new(otherServer, other);
        using ClientProcess client = new(server, host);
        Assert.Equal([client.Id], Look(host).Clients[0].Processes.Select(process => process.Process.Id));
    }

    [Fact]
    public void Each_watch_has_its_shown_clients_of_its_own_ports()
    {
        using TestNamespace host = new();
        using Connections http = new(host, 8500);
        using Connections https = new(host, 8501);
        http.Accept(3, from: IPAddress.Parse("127.0.0.7"));
        http.Accept(1, from: IPAddress.Parse("127.0.0.8"));
        https.Accept(2, from: IPAddress.Parse("127.0.0.8"));

        ProcessReading reading = Look(
            host, new Watch("http", [8500]) { ShownClients = 1 }, new Watch("both", [8500, 8501]), new Watch("none", [9000]));
        IEnumerable<string> found = reading.Watches.Select(watch =>
            string.Join(", ", watch.Processes.Clients.Select(client => $"{client.Client} {client.Held}")));
        Assert.Equal(["127.0.0.7 3", "127.0.0.7 3, 127.0.0.8 3", ""], found);
    }

    [Fact]
    public void Number_of_shown_processes_is_limited()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        List<ClientProcess> clients = [];
        try
        {
            for (int i = 0; i < ClientProcesses.MaxProcesses + 2; i++)
            {
                clients.Add(new ClientProcess(server, host));
            }

            ClientProcesses found = Look(host).Clients[0];
            Assert.Equal((ClientProcesses.MaxProcesses, 2), (found.Processes.Length, found.MoreProcesses));
            Assert.Equal(clients.Select(client => client.Id).Order().Take(ClientProcesses.MaxProcesses), found.Processes.Select(process => process.Process.Id));
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public void Clients_of_a_unix_socket_are_found_by_the_other_end()
    {
        using TestNamespace host = new();
        using Scratch scratch = new();
        using UnixServer server = new(host, scratch["s"]);
        using UnixServer other = new(host, scratch["other"]);
        server.Accept(3)[0].Client.Dispose();
        other.Accept(1);

        ProcessReading reading = Look(
            host, new Watch("a", []) { UnixSockets = [scratch["s"]] }, new Watch("b", [8500]) { UnixSockets = [scratch["s"], scratch["other"]] });
        Assert.Null(reading.Failure);
        ClientProcesses found = Assert.Single(reading.Watches[0].Processes.Clients);
        Assert.Equal((Client.Unix, 3, 1, 0, 0), (found.Client, found.Held, found.Closed, found.Unseen, found.Elsewhere));
        ProcessConnections holder = Assert.Single(found.Processes, process => process.Process.Id == Environment.ProcessId);
        Assert.Equal(2, holder.Connections);
        Assert.Equal((4, 1), (reading.Watches[1].Processes.Clients[0].Held, reading.Watches[1].Processes.Clients[0].Closed));
    }

    [Fact]
    public void Watch_without_ports_looks_up_no_TCP_connection()
    {
        using SockDiagClient client = new(() => throw new InvalidOperationException("a request was sent"), TimeProvider.System);
        Assert.Empty(HeldConnections.Dump(client, []));
    }

    [Fact]
    public void Dead_connections_of_the_census_are_held_and_in_no_process()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.Accept(2);
        WatchedNamespace where = new(NetworkNamespace.Parse(host.Path), Label: null, [new Watch("consul", [8500])]);
        using Census census = new(where, TimeProvider.System, keepsPeaks: false);
        NamespaceCounts counts = census.Take();
        WatchCounts watch = counts.Watches[0];
        ClientCount client = Assert.Single(watch.Shown);
        counts = counts with { Watches = [watch with { Shown = [client with { Held = client.Held + 40, Dead = 40 }] }] };

        ClientProcesses found = Assert.Single(ProcessLookup.Look(where, filter: null, counts).Watches[0].Processes.Clients);
        Assert.Equal((42, 40, 2), (found.Held, found.Dead, found.Processes.Sum(process => process.Connections)));
    }

    [Fact]
    public void Kernel_error_is_reported_for_each_watch()
    {
        const int AccessDenied = 13;
        using SockDiagClient refused = new(() => new ScriptedKernel().Reply(n => Replies.Error(n, AccessDenied)), TimeProvider.System);
        WatchCounts before = new(new Watch("consul", [8500]), Held: 1, Clients: 1, Highest: 1, Peak: null, []);
        ProcessReading reading = ProcessLookup.Look(
            refused, filter: null, new NamespaceCounts { Duration = TimeSpan.Zero, LastSuccess = null, Watches = [before] });

        (string watch, WatchProcesses processes) = Assert.Single(reading.Watches);
        Assert.Equal("consul", watch);
        Assert.Contains("Permission denied", processes.Failure);
        Assert.Equal(processes.Failure, reading.Failure);
        Assert.Empty(processes.Clients);
    }

    private static WatchProcesses Look(TestNamespace host)
    {
        WatchProcesses processes = Look(host, new Watch("consul", [8500])).Watches[0].Processes;
        Assert.Null(processes.Failure);
        return processes;
    }

    private static ProcessReading Look(TestNamespace host, params Watch[] watches)
    {
        WatchedNamespace where = new(NetworkNamespace.Parse(host.Path), Label: null, [.. watches]);
        using Census census = new(where, TimeProvider.System, keepsPeaks: false);
        return ProcessLookup.Look(where, filter: null, census.Take());
    }
}
