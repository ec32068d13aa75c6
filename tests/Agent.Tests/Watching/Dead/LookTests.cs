using System.Net;
using System.Net.Sockets;
using Agent.Platform;
using Agent.Watching;
using Netlink;
using Netlink.SockDiag;
using Testing;

namespace Agent.Tests.Watching.Dead;

/// <summary>When the agent looks for dead connections, and what it reports when a look must wait or fails.</summary>
public sealed class LookTests : IDisposable
{
    private const int ENOMEM = 12;
    private const int Listen = 10;

    private static readonly IPAddress One = IPAddress.Parse("127.0.0.1");
    private static readonly IPAddress Two = IPAddress.Parse("127.0.0.2");

    private readonly TestNamespace _host = new();
    private readonly PythonServer _server;
    private readonly Clients _clients;
    private readonly SteppingTime _time = new();
    private readonly Census _census;

    public LookTests()
    {
        _server = new PythonServer(_host);
        _clients = new Clients(_host);
        _census = new Census(
            new WatchedNamespace(NetworkNamespace.Parse(_host.Path), null, [new Watch("consul", [8500])]), _time, keepsPeaks: false);
        _server.Do("listen 8500 127.0.0.1");
    }

    public void Dispose()
    {
        _census.Dispose();
        _clients.Dispose();
        _server.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void Slow_look_is_repeated_after_a_pause_of_ten_times_its_duration()
    {
        Accept(5, One);
        _clients.Reset();
        _time.Step = TimeSpan.FromSeconds(1);
        Assert.Equal("5 held, 5 dead", Count());
        TimeSpan took = _time.Elapsed;
        Assert.True(took > TimeSpan.FromSeconds(3), $"{took}");
        _time.Step = TimeSpan.Zero;

        // A look is due, and must wait: the known dead connections stay counted, and their age grows.
        Accept(3, Two);
        _clients.Reset();
        _time.Leap(TimeSpan.FromSeconds(1));
        TimeSpan age = AgeOf("5 held, 5 dead", _census.Take());
        _server.Do("close 2");
        _time.Leap(TimeSpan.FromSeconds(1));
        Assert.Equal(age + TimeSpan.FromSeconds(1), AgeOf("5 held, 5 dead", _census.Take()));
        Assert.InRange(age, TimeSpan.FromSeconds(1), took);

        _time.Leap(10 * took);
        Assert.Equal("6 held, 6 dead", Count());
        Assert.Equal("6 held, 6 dead", Count());
    }

    [Fact]
    public void Connections_that_the_last_look_listed_are_found_dead_also_while_a_look_must_wait()
    {
        Accept(5, One);
        _time.Step = TimeSpan.FromSeconds(1);
        Assert.Equal("5 held, 0 dead", Count());
        _time.Step = TimeSpan.Zero;
        _clients.Reset(3);
        _server.Do("close 1");
        _time.Leap(TimeSpan.FromSeconds(1));
        NamespaceCounts found = _census.Take();
        AgeOf("4 held, 2 dead", found);
        Assert.True(found.Watches[0].IsMinimum);
    }

    [Fact]
    public void Look_that_must_wait_and_is_not_due_leaves_the_numbers_without_an_age()
    {
        Accept(5, One);
        _time.Step = TimeSpan.FromSeconds(1);
        Assert.Equal("5 held, 0 dead", Count());
        _time.Step = TimeSpan.Zero;
        _time.Leap(TimeSpan.FromSeconds(1));
        Assert.Equal("5 held, 0 dead", Count());
    }

    [Fact]
    public void Look_happens_every_thirty_seconds()
    {
        Accept(5, One);
        Assert.Equal("5 held, 0 dead", Count());
        long first = _time.Asked;
        _time.Leap(TimeSpan.FromSeconds(29));
        Count();
        long without = _time.Asked - first;
        _time.Leap(TimeSpan.FromSeconds(1));
        Count();
        Assert.True(_time.Asked - first - without > without, "the second census looked");
    }

    /// <summary>Like PostgreSQL, where processes come and go all the time: the search through all processes must not be repeated at each census.</summary>
    [Fact]
    public void Search_for_the_process_of_a_connection_has_its_own_pause()
    {
        Accept(1, One);
        _time.Step = TimeSpan.FromSeconds(1);
        Assert.Equal("1 held, 0 dead", Count());
        TimeSpan took = _time.Elapsed;
        _time.Step = TimeSpan.Zero;

        // The pause after the look is over, the one after the search is not.
        Accept(2, One);
        _server.Do("hand-to-orphan 0");
        AssertAlive(3);
        _clients.Reset();
        _time.Step = TimeSpan.FromMilliseconds(1);
        NamespaceCounts found = _census.Take();
        _time.Step = TimeSpan.Zero;
        Assert.Equal("0 held, 0 dead", Text(found));
        Assert.NotNull(found.DeadAge);

        _time.Leap(10 * took);
        Assert.Equal("3 held, 3 dead", Count());
    }

    /// <summary>The name of a namespace may come to refer to another one, for example when a container starts again.</summary>
    [Fact]
    public void Dead_connections_of_the_namespace_that_had_the_name_before_are_forgotten()
    {
        using TestNamespace other = new();
        using Scratch scratch = new();
        string name = scratch["netns"];
        File.CreateSymbolicLink(name, _host.Path);
        using Census census = new(
            new WatchedNamespace(NetworkNamespace.Parse(name), null, [new Watch("consul", [8500])]), _time, keepsPeaks: false);
        Accept(4, One);
        _clients.Reset(2);
        Assert.Equal("4 held, 2 dead", Text(census.Take()));

        File.Delete(name);
        File.CreateSymbolicLink(name, other.Path);
        Assert.Equal("0 held, 0 dead", Text(census.Take()));
    }

    /// <summary>The connections and the listening socket are of this process, which has other TCP sockets too.</summary>
    [Fact]
    public void Census_succeeds_when_the_further_dump_fails_and_the_next_census_looks_again()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using Socket accepted = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using Socket unconnected = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        byte[] Table(uint n) =>
            [.. Replies.Socket(n, 1, state: Listen, inode: InodeOf(listener)), .. Replies.Socket(n, 2, inode: InodeOf(accepted)), .. Replies.Done(n)];
        Queue<ScriptedKernel> kernels = new(
        [
            new ScriptedKernel().Reply(Table).Reply(n => Replies.Done(n, ENOMEM)),
            new ScriptedKernel().Reply(Table).ForEver(n => Replies.Done(n)),
        ]);
        using Census census = new(
            new SockDiagClient(kernels.Dequeue, TimeProvider.System), new WatchedNamespace(null, null, [new Watch("consul", [8500])]), _time, keepsPeaks: false);

        NamespaceCounts found = census.Take();
        Assert.True(found.Succeeded, found.Failure);
        Assert.StartsWith("cannot look for dead connections: ", found.DeadProblem, StringComparison.Ordinal);
        Assert.Contains("memory", found.DeadProblem, StringComparison.OrdinalIgnoreCase);
        WatchCounts counts = Assert.Single(found.Watches);
        Assert.Equal((1L, true, null), (counts.Held, counts.IsMinimum, counts.Dead));
        Assert.Null(Assert.Single(found.Ports).Dead);

        found = census.Take();
        Assert.Null(found.DeadProblem);
        counts = Assert.Single(found.Watches);
        Assert.Equal((1L, false, 0L), (counts.Held, counts.IsMinimum, counts.Dead));
    }

    private static uint InodeOf(Socket socket) => ProcessDirectory.All().Single(process => process.Id == Environment.ProcessId).SocketAt((int)socket.Handle)!.Value;

    private void Accept(int count, IPAddress from)
    {
        _clients.Connect(count, 8500, to: One, from: from);
        _server.Do($"accept {count}");
    }

    /// <summary>Takes a census that finds connections in the table only.</summary>
    private void AssertAlive(int count) => Assert.Equal($"{count} held, 0 dead", Text(_census.Take()));

    /// <summary>Takes a census whose numbers have no age.</summary>
    private string Count()
    {
        NamespaceCounts found = _census.Take();
        Assert.Null(found.DeadAge);
        return Text(found);
    }

    /// <summary>The age of the numbers, which must be these.</summary>
    private static TimeSpan AgeOf(string expected, NamespaceCounts found)
    {
        Assert.Equal(expected, Text(found));
        Assert.NotNull(found.DeadAge);
        return found.DeadAge.Value;
    }

    private static string Text(NamespaceCounts found)
    {
        Assert.True(found.Succeeded, found.Failure);
        Assert.Null(found.DeadProblem);
        WatchCounts counts = Assert.Single(found.Watches);
        return $"{counts.Held} held, {counts.Dead} dead";
    }

    /// <summary>A clock that also advances each time it is asked.</summary>
    private sealed class SteppingTime : TimeProvider
    {
        private long _ticks;

        internal TimeSpan Step { get; set; }

        internal long Asked { get; private set; }

        internal TimeSpan Elapsed => new(_ticks);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp()
        {
            Asked++;
            return _ticks += Step.Ticks;
        }

        internal void Leap(TimeSpan by) => _ticks += by.Ticks;
    }
}
