using System.Net;
using System.Net.Sockets;
using Agent.Workloads;
using Netlink;
using Testing;

namespace Agent.Tests.Workloads;

/// <summary>Lookups of the processes that hold the clients' ends of sessions, on a real kernel.</summary>
public sealed class SessionLookupTests
{
    [Fact]
    public void Client_is_found_by_its_address_and_port_with_the_process_that_holds_it()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 5432, IPAddress.IPv6Any);
        IPEndPoint ipv4 = EndOf(server.Accept(1)[0].Client);
        IPEndPoint ipv6 = EndOf(server.Accept(1, to: IPAddress.IPv6Loopback)[0].Client);
        IPEndPoint mapped = new(ipv4.Address.MapToIPv6(), ipv4.Port);

        SessionReading found = Look(host, [5432], ipv4, ipv6);
        Assert.Null(found.Failure);
        Assert.All([ipv4, ipv6, mapped], client => Assert.Contains(found.Of(client)!, process => process.Id == Environment.ProcessId));
    }

    [Fact]
    public void Client_that_is_not_in_the_namespace_or_has_another_server_is_elsewhere()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 5432);
        using Connections other = new(host, 5433);
        IPEndPoint client = EndOf(server.Accept(1)[0].Client);
        IPEndPoint ofOther = EndOf(other.Accept(1)[0].Client);
        IPEndPoint unknown = new(IPAddress.Parse("192.0.2.7"), client.Port);

        SessionReading found = Look(host, [5432], client, ofOther, unknown);
        Assert.Null(found.Failure);
        Assert.NotNull(found.Of(client));
        Assert.Null(found.Of(ofOther));
        Assert.Null(found.Of(unknown));
    }

    [Fact]
    public void Lookup_without_sessions_needs_no_namespace()
    {
        SessionReading found = SessionLookup.Look("db1", NetworkNamespace.Parse("/does/not/exist"), [5432], []);
        Assert.Equal((null, 0), (found.Failure, found.Owners.Count));
    }

    [Fact]
    public void Namespace_that_cannot_be_opened_is_a_failure()
    {
        SessionReading found = SessionLookup.Look("db1", NetworkNamespace.Parse("/does/not/exist"), [5432], [new IPEndPoint(IPAddress.Loopback, 1)]);
        Assert.Contains("No such file", found.Failure);
        Assert.Empty(found.Owners);
    }

    private static SessionReading Look(TestNamespace host, ushort[] ports, params IPEndPoint[] clients) =>
        SessionLookup.Look("db1", NetworkNamespace.Parse(host.Path), ports, clients);

    private static IPEndPoint EndOf(Socket client) => (IPEndPoint)client.LocalEndPoint!;
}
