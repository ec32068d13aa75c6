using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Agent.Tests.Faults;
using Agent.Watching;
using Netlink;
using Testing;

namespace Agent.Tests.Churn;

/// <summary>Censuses on the real kernel while sockets and namespaces come and go. AGENT_CHURN_CENSUSES sets the number of censuses.</summary>
/// <remarks>
/// A socket that must disappear at once is shut down or disconnected before it is closed. close(2) alone has no effect while another process holds
/// the socket, even if that process only reads the link <c>/proc/PID/fd/N</c>.
/// </remarks>
[Collection(Alone.Name)]
public sealed class ChurnTests
{
    private const int Port = 8500;
    private const int ChurningPort = 8501;

    private static readonly int Censuses =
        int.TryParse(Environment.GetEnvironmentVariable("AGENT_CHURN_CENSUSES"), out int censuses) ? censuses : 3000;

    [Fact]
    public void Connections_that_come_and_go_are_counted_in_the_hosts_table()
    {
        using TestNamespace host = new();
        Tally tally = Churn(host, held: 300);
        tally.Report("the host's table");

        // The walk can skip a connection when its neighbor in a bucket disappears. In a large table with few connections, this is very rare.
        Assert.InRange(tally.Lowest, 0, 3);
    }

    [Fact]
    public void Connections_that_come_and_go_are_counted_in_a_table_of_16_buckets()
    {
        using TestNamespace host = new(connectionBuckets: 16);
        Assert.Equal("16", host.Run(() => File.ReadAllText("/proc/sys/net/ipv4/tcp_ehash_entries")).Trim());
        Tally tally = Churn(host, held: 3000);
        tally.Report("16 buckets");

        // The worst case: chains of hundreds of connections, walked in steps of sixteen. A connection that comes twice is recognized. But when a
        // neighbor disappears, the walk resumes after a connection that it has not seen, and that connection is not counted.
        Assert.InRange(tally.Lowest, 0, 300);
    }

    [Fact]
    public void Listeners_that_come_and_go_are_counted()
    {
        const int Backlog = 7;
        using TestNamespace host = new();
        Lifetimes listeners = new();
        using CancellationTokenSource end = new();
        TestThread churner = host.StartThread(() =>
        {
            while (!end.IsCancellationRequested)
            {
                listeners.Begin();
                using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
                listener.Listen(Backlog);
                listeners.Begun();
                listeners.End();
                listener.Shutdown(SocketShutdown.Both);
                listeners.Ended();
            }
        });
        int seen = 0;
        try
        {
            using Census census = CensusOf(host, Port);
            for (int i = 0; i < Censuses; i++)
            {
                (long, long) before = listeners.Before();
                NamespaceCounts found = census.Take();
                (_, long atMost) = listeners.After(before);

                Assert.Null(found.Failure);
                AcceptQueue? queue = Assert.Single(found.Ports).AcceptQueue;
                Assert.InRange(queue?.Limit ?? 0, 0, atMost * Backlog);
                seen += queue is null ? 0 : 1;
            }
        }
        finally
        {
            end.Cancel();
            churner.Join();
        }

        Print(
            $"listeners: {Censuses} censuses while {listeners.Total} listeners came and went; {seen} saw one; "
            + "none saw more than could have existed");
        Assert.InRange(seen, 1, Censuses);
    }

    [Fact]
    public void Namespace_that_disappears_is_never_counted_as_empty()
    {
        const int Rounds = 100;
        const int Open = 5;
        int counted = 0;
        for (int round = 0; round < Rounds; round++)
        {
            TestNamespace host = new();
            using Connections server = new(host, Port);
            server.Accept(Open);
            using Census census = CensusOf(host, Port);
            Assert.Equal(Open, Assert.Single(census.Take().Ports).Ipv4);

            TestThread deletion = TestThread.Start("deletes the namespace", host.Dispose);
            NamespaceCounts found;
            while ((found = census.Take()).Succeeded)
            {
                // While the namespace can be entered, it has five connections. A zero would be wrong.
                Assert.Equal(Open, Assert.Single(found.Ports).Ipv4);
                counted++;
            }

            deletion.Join();
            Assert.Contains("no such network namespace here", census.Take().Failure);
        }

        Print($"namespaces: {Rounds} disappeared under {counted} censuses; none was counted as empty");
    }

    private static Tally Churn(TestNamespace host, int held)
    {
        const int Churners = 2;
        using Connections server = new(host, Port);
        server.AcceptOneEnded(held);
        Lifetimes lifetimes = new();
        using CancellationTokenSource end = new();
        TestThread[] churners =
        [
            .. Enumerable.Range(1, Churners).Select(i => IPAddress.Parse($"127.0.1.{i}"))
                .Select(address => host.StartThread(() => OpenAndClose(address, lifetimes, end.Token))),
        ];
        Tally tally = new(held);
        try
        {
            using Census census = CensusOf(host, Port, ChurningPort);
            for (int i = 0; i < Censuses; i++)
            {
                (long, long) before = lifetimes.Before();
                NamespaceCounts found = census.Take();
                (long atLeast, long atMost) = lifetimes.After(before);

                Assert.Null(found.Failure);
                // The held connections are in the same chains as those that come and go, and their number is known exactly.
                tally.Add(found.Ports[0].Ipv4, held, held);
                tally.Add(found.Ports[1].Ipv4, atLeast, atMost);
            }
        }
        finally
        {
            end.Cancel();
            Array.ForEach(churners, churner => churner.Join());
        }

        tally.Churned = lifetimes.Total;
        return tally;
    }

    /// <summary>Opens up to 40 connections to a server on its own address and closes them in random order.</summary>
    private static void OpenAndClose(IPAddress address, Lifetimes lifetimes, CancellationToken end)
    {
        const int AtOnce = 40;
        Random random = new(address.GetAddressBytes()[3]);
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(address, ChurningPort));
        listener.Listen(AtOnce);
        List<(Socket Client, Socket Server)> open = [];
        while (!end.IsCancellationRequested)
        {
            if (open.Count < AtOnce && random.Next(2) == 0)
            {
                lifetimes.Begin();
                Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                client.Connect(new IPEndPoint(address, ChurningPort));
                open.Add((client, listener.Accept()));
                lifetimes.Begun();
            }
            else if (open.Count > 0)
            {
                int at = random.Next(open.Count);
                Close(open[at], lifetimes);
                open.RemoveAt(at);
            }
        }

        open.ForEach(pair => Close(pair, lifetimes));
    }

    private static void Close((Socket Client, Socket Server) pair, Lifetimes lifetimes)
    {
        lifetimes.End();
        // Closes with a reset, because TIME_WAIT would use up the ports within seconds.
        pair.Server.Disconnect(reuseSocket: false);
        pair.Server.Close();
        pair.Client.Close();
        lifetimes.Ended();
    }

    private static Census CensusOf(TestNamespace host, params ImmutableArray<ushort> ports) =>
        new(new WatchedNamespace(NetworkNamespace.Parse(host.Path), null, [new Watch("churn", ports)]), TimeProvider.System, keepsPeaks: false);

    private static void Print(string line) => TestContext.Current.TestOutputHelper!.WriteLine(line);

    private sealed class Tally(int held)
    {
        private int _counts;

        /// <summary>The number of counts that were too low.</summary>
        internal int Low { get; private set; }

        /// <summary>The largest difference of a count that was too low.</summary>
        internal long Lowest { get; private set; }

        internal long Churned { get; set; }

        internal void Add(long counted, long atLeast, long atMost)
        {
            Assert.True(counted <= atMost, $"count {_counts}: {counted} connections were counted, and at most {atMost} were open");
            _counts++;
            if (counted < atLeast)
            {
                Low++;
                Lowest = Math.Max(Lowest, atLeast - counted);
            }
        }

        internal void Report(string where) => Print(
            $"{where}: {Censuses} censuses, {_counts} counts, while {Churned} connections came and went beside {held}; "
            + $"no count was too high, {Low} were too low, by {Lowest} at most");
    }
}
