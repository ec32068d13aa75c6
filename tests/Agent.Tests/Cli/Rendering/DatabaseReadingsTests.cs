using Agent.Cli.Rendering;
using Agent.Postgres;

namespace Agent.Tests.Cli.Rendering;

public sealed class DatabaseReadingsTests
{
    [Fact]
    public void Oldest_transaction_is_not_the_agents_own()
    {
        ServerSession own = new("d", "agent", "active", null) { Application = "connection-agent", TransactionSeconds = 2 };
        ServerSession other = new("d", "app", "active", null) { TransactionSeconds = 1 };

        Assert.Same(other, DatabaseReadings.OldestTransaction(new ServerStatistics(2) { Sessions = [own, other] }));
        Assert.Null(DatabaseReadings.OldestTransaction(new ServerStatistics(1) { Sessions = [own] }));
    }
}
