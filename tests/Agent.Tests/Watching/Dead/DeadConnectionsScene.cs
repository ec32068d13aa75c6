using System.Net;
using Agent.Watching;
using Netlink;
using Testing;

namespace Agent.Tests.Watching.Dead;

/// <summary>A server and its clients in a namespace, and a census of it, for tests of dead connections on the real kernel, as root.</summary>
public abstract class DeadConnectionsScene : IDisposable
{
    private protected static readonly IPAddress One = IPAddress.Parse("127.0.0.1");
    private protected static readonly IPAddress Two = IPAddress.Parse("127.0.0.2");

    // It stands still, so that a look is never too expensive to be repeated.
    private protected static readonly ManualTime Time = new();

    private bool _listens;

    private protected DeadConnectionsScene()
    {
        Server = new PythonServer(Host);
        Clients = new Clients(Host);
        Census = CensusOf(Host, 8500);
    }

    private protected TestNamespace Host { get; } = new();

    private protected PythonServer Server { get; }

    private protected Clients Clients { get; }

    private protected Census Census { get; }

    public void Dispose()
    {
        Census.Dispose();
        Clients.Dispose();
        Server.Dispose();
        Host.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static Census CensusOf(TestNamespace host, params ushort[] ports) => new(
        new WatchedNamespace(NetworkNamespace.Parse(host.Path), null, [new Watch("consul", [.. ports])]), Time, keepsPeaks: false);

    private protected void Accept(int count, IPAddress from)
    {
        if (!_listens)
        {
            Server.Do("listen 8500 127.0.0.1");
            _listens = true;
        }

        Clients.Connect(count, 8500, to: One, from: from);
        Server.Do($"accept {count}");
    }

    private protected string Count() => Count(Census);

    private protected static string Count(Census census)
    {
        NamespaceCounts found = census.Take();
        Assert.True(found.Succeeded, found.Failure);
        Assert.Null(found.DeadProblem);
        WatchCounts counts = Assert.Single(found.Watches);
        Assert.False(counts.IsMinimum);
        return $"{counts.Held} held, {counts.Dead} dead: "
            + string.Join(", ", counts.Shown.Select(client => $"{client.Client} {client.Held}{(client.Dead > 0 ? $" ({client.Dead} dead)" : "")}"));
    }
}
