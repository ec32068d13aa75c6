using Agent.Postgres;
using Agent.Tests.Hosting;
using Testing;

namespace Agent.Tests.Postgres;

public sealed class DatabaseLogTests
{
    private readonly RecordingLogger<DatabaseSource> _lines = new();
    private readonly Quarantine _logins = new(Quarantine.LongestOfDatabase, new ManualTime());

    [Fact]
    public void Full_server_is_told_once_for_each_scope()
    {
        DatabaseLog log = new(new Database("db1", new DatabaseLogin("h", 1, "d", "u")), _lines);

        foreach (FullScope scope in (FullScope[])[FullScope.SuperuserReserve, FullScope.SuperuserReserve, FullScope.Server, FullScope.Server])
        {
            log.LoginFailed(new DatabaseError(ErrorType.Full, "full") { FullScope = scope }, isUp: true, _logins);
        }

        Assert.Collection(
            _lines.Lines,
            first => Assert.Contains("superuser_reserve", first, StringComparison.Ordinal),
            second => Assert.Contains("server", second, StringComparison.Ordinal));
    }
}
