using Agent.Platform;
using Agent.Watching;
using Testing;

namespace Agent.Tests.Watching.Dead;

/// <summary>The processes that hold the servers' ends: which ones are found, and their open files.</summary>
public sealed class ServerProcessesTests : DeadConnectionsScene
{
    [Fact]
    public void Server_that_no_longer_listens_still_holds_its_dead_connections()
    {
        Accept(5, One);
        Count();
        Server.Do("unlisten");
        Clients.Reset(2);
        Assert.Equal("5 held, 2 dead: 127.0.0.1 5 (2 dead)", Count());
        Clients.Reset();
        Assert.Equal("5 held, 5 dead: 127.0.0.1 5 (5 dead)", Count());
        Server.Do("close 4");
        Assert.Equal("1 held, 1 dead: 127.0.0.1 1 (1 dead)", Count());
    }

    [Fact]
    public void Socket_that_several_processes_share_is_counted_once_and_until_the_last_closes_it()
    {
        Accept(3, One);
        Server.Do("share");
        Count();
        Clients.Reset();
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count());
        Server.Do("close 3");
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count());
        Server.Do("end-children");
        Assert.Equal("0 held, 0 dead: ", Count());
    }

    /// <summary>Like PostgreSQL: a process for each connection, which does not listen.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(65534)]
    public void Connections_of_a_child_of_the_server_are_found(int user)
    {
        Accept(3, One);
        Server.Do($"hand-over {user}");
        Clients.Reset(2);
        Assert.Equal("3 held, 2 dead: 127.0.0.1 3 (2 dead)", Count());
        Clients.Reset();
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count());
        using Census fresh = CensusOf(Host, 8500);
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count(fresh));
    }

    [Fact]
    public void New_child_of_a_known_server_is_found_when_its_connection_disappears()
    {
        Accept(1, One);
        Count();
        Clients.Connect(2, 8500);
        Server.Do("accept 2");
        Server.Do("hand-over 0");
        Assert.Equal("3 held, 0 dead: 127.0.0.1 3", Count());
        Clients.Reset();
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count());
    }

    /// <summary>Like a script check that Consul runs.</summary>
    [Fact]
    public void Connections_that_no_census_sees_are_found_after_a_child_of_the_server_has_ended()
    {
        Accept(1, One);
        Server.Do("share");
        Count();
        Server.Do("end-children");
        Assert.Equal("1 held, 0 dead: 127.0.0.1 1", Count());
        using Clients others = new(Host);
        others.Connect(20, 8500, to: One, from: Two);
        Server.Do("accept 20");
        others.Reset();
        Assert.Equal("21 held, 20 dead: 127.0.0.2 20 (20 dead), 127.0.0.1 1", Count());
    }

    /// <summary>Like a service that systemd starts for each connection: another process listens, and is not its parent.</summary>
    [Fact]
    public void Process_that_neither_listens_nor_descends_from_the_server_is_found_when_its_connection_disappears()
    {
        Accept(1, One);
        Count();
        Clients.Connect(2, 8500);
        Server.Do("accept 2");
        Server.Do("hand-to-orphan 0");
        Assert.Equal("3 held, 0 dead: 127.0.0.1 3", Count());
        Clients.Reset();
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count());
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count());
    }

    /// <summary>The kernel tells the user that accepted a connection, not the user of the process that has it.</summary>
    [Fact]
    public void Process_of_another_user_that_neither_listens_nor_descends_from_the_server_is_found()
    {
        Accept(2, One);
        Server.Do("hand-to-orphan 65534");
        Assert.Equal("2 held, 0 dead: 127.0.0.1 2", Count());
        Clients.Reset();
        Assert.Equal("2 held, 2 dead: 127.0.0.1 2 (2 dead)", Count());
    }

    [Fact]
    public void New_child_is_found_although_another_one_ends_at_the_same_time()
    {
        Accept(1, One);
        Server.Do("hand-over 0");
        Assert.Equal("1 held, 0 dead: 127.0.0.1 1", Count());
        Server.Do("end-children");
        Accept(1, Two);
        Server.Do("hand-over 0");
        Assert.Equal("1 held, 0 dead: 127.0.0.2 1", Count());
        Clients.Reset();
        Assert.Equal("1 held, 1 dead: 127.0.0.2 1 (1 dead)", Count());
    }

    [Fact]
    public void Server_that_changed_its_user_after_it_began_to_listen_is_found()
    {
        Accept(2, One);
        Server.Do("user 65534");
        Clients.Reset();
        Assert.Equal("2 held, 2 dead: 127.0.0.1 2 (2 dead)", Count());
    }

    [Fact]
    public void Restarted_server_is_found_again()
    {
        Accept(2, One);
        Count();
        Clients.Reset();
        Assert.Equal("2 held, 2 dead: 127.0.0.1 2 (2 dead)", Count());
        Server.Dispose();
        Assert.Equal("0 held, 0 dead: ", Count());

        using PythonServer other = new(Host);
        other.Do("listen 8500 127.0.0.1");
        Clients.Connect(3, 8500);
        other.Do("accept 3");
        Count();
        Clients.Reset();
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count());
    }

    [Fact]
    public void Two_servers_on_the_same_port_are_both_looked_at()
    {
        Accept(2, One);
        using PythonServer other = new(Host);
        other.Do("listen 8500 127.0.0.2");
        Clients.Connect(3, 8500, to: Two);
        other.Do("accept 3");
        Count();
        Clients.Reset();
        Assert.Equal("5 held, 5 dead: 127.0.0.1 5 (5 dead)", Count());
        other.Dispose();
        Assert.Equal("2 held, 2 dead: 127.0.0.1 2 (2 dead)", Count());
    }

    [Fact]
    public void Open_files_of_the_server_are_counted_against_its_limit()
    {
        Accept(5, One);
        OpenFiles before = Census.Take().Watches[0].OpenFiles!.Value;
        Assert.Equal(Server.Id, before.ProcessId);
        Assert.Equal(Directory.GetFileSystemEntries($"/proc/{Server.Id}/fd").Length, before.Open);
        Assert.True(before.Limit > before.Open, $"{before}");

        Clients.Connect(3, 8500);
        Server.Do("accept 3");
        Assert.Equal(before.Open + 3, Census.Take().Watches[0].OpenFiles!.Value.Open);
    }

    [Fact]
    public async Task Descriptors_that_waiting_calls_of_accept_have_reserved_are_open_files()
    {
        Accept(5, One);
        ProcessDirectory process = ProcessDirectory.All().Single(each => each.Id == Server.Id);
        Requires.That(process.CountDescriptors() is not null, "this kernel does not tell the number of descriptors (before 6.2)");
        long before = Census.Take().Watches[0].OpenFiles!.Value.Open;
        Server.Do("wait");
        await Poll.Until(() => process.CountDescriptors() == before + 1, "the server waits in accept(2)");
        // A first census lists the descriptors; the next ones only count them.
        using Census fresh = CensusOf(Host, 8500);
        Assert.Equal([before + 1, before + 1], [fresh.Take().Watches[0].OpenFiles!.Value.Open, fresh.Take().Watches[0].OpenFiles!.Value.Open]);
    }
}
