using FsCheck;
using FsCheck.Fluent;
using Netlink.SockDiag.Filters;

namespace Netlink.Tests.SockDiag.Filters;

public sealed class PortFilterTests
{
    // Sets with adjacent ports and with gaps: ports close together, and ports anywhere.
    private static readonly Gen<ushort[]> PortSets = Gen.OneOf(
        Ports(1, 40),
        Ports(1, ushort.MaxValue),
        Ports(65_500, ushort.MaxValue));

    [Fact]
    public void Random_port_sets_pass_the_kernels_audit_and_accept_exactly_their_ports() =>
        Prop.ForAll(PortSets.ToArbitrary(), ports =>
        {
            byte[] program = PortFilter.Compile(ports);
            return BytecodeInterpreter.Audit(program) && AcceptsExactly(program, ports);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(50)]
    [InlineData(1000)]
    public void Tree_of_ports_is_balanced(int count)
    {
        ushort[] ports = [.. Enumerable.Range(1, count).Select(i => (ushort)(i * 60))];
        byte[] program = PortFilter.Compile(ports);

        int steps = Enumerable.Range(0, 65_536).Max(port => BytecodeInterpreter.Run(program, port).Steps);

        // One comparison per level, then the two of a leaf and the jump to the end.
        Assert.InRange(steps, 1, (int)Math.Ceiling(Math.Log2(count)) + 3);
    }

    [Fact]
    public void Adjacent_ports_cost_the_same_as_one() =>
        Assert.Equal(PortFilter.Compile([8000]).Length, PortFilter.Compile([.. Enumerable.Range(8000, 1000).Select(port => (ushort)port)]).Length);

    [Fact]
    public void Largest_port_set_fits_and_one_more_port_is_rejected()
    {
        ushort[] ports = [.. Enumerable.Range(1, PortFilter.MaxRanges + 1).Select(i => (ushort)(i * 2))];
        byte[] program = PortFilter.Compile(ports.AsSpan()[..^1]);

        Assert.InRange(program.Length, BytecodeWriter.MaxLength - 20, BytecodeWriter.MaxLength);
        Assert.True(BytecodeInterpreter.Audit(program));
        Assert.True(AcceptsExactly(program, ports[..^1]));
        ArgumentException refused = Assert.Throws<ArgumentException>(() => PortFilter.Compile(ports));
        Assert.Contains("3277 separate port ranges are too many for a kernel filter; the maximum is 3276", refused.Message);
    }

    private static Gen<ushort[]> Ports(int first, int last) =>
        Gen.Choose(first, last).Select(port => (ushort)port).NonEmptyListOf()
            .Select(ports => ports.Distinct().Order().ToArray());

    private static bool AcceptsExactly(byte[] program, ushort[] ports)
    {
        HashSet<int> expected = [.. ports.Select(port => (int)port)];
        return Enumerable.Range(0, 65_536).All(port => BytecodeInterpreter.Run(program, port).Accepted == expected.Contains(port));
    }
}
