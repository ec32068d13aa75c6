using FsCheck;
using FsCheck.Fluent;
using Netlink.SockDiag.Filters;

namespace Netlink.Tests.SockDiag.Filters;

public sealed class FilterCompilerTests
{
    [Fact]
    public void Random_expressions_pass_the_kernels_audit_and_accept_the_matching_sockets()
    {
        int accepted = 0;
        int rejected = 0;
        Prop.ForAll(Generators.Expressions.ToArbitrary(), Generators.Sockets.ArrayOf(30).ToArbitrary(), (expression, sockets) =>
        {
            byte[] program = FilterCompiler.Compile(expression)!;
            bool agree = sockets.All(socket => BytecodeInterpreter.Run(program, socket).Accepted == Holds(expression, socket));
            accepted += sockets.Count(socket => Holds(expression, socket));
            rejected += sockets.Count(socket => !Holds(expression, socket));
            return agree && (program.Length == 0 || BytecodeInterpreter.Audit(program));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

        // Without this, the test would also pass if no expression ever matched.
        Assert.InRange(accepted, 10_000, 50_000);
        Assert.InRange(rejected, 10_000, 50_000);
    }

    [Fact]
    public void Random_expressions_after_random_ports_accept_the_sockets_that_match_both()
    {
        Gen<ushort[]> ports = Gen.Elements<ushort>(1, 80, 443, 444, 8500, 65_535).NonEmptyListOf()
            .Select(list => list.Distinct().Order().ToArray());
        Arbitrary<Entry[]> someSockets = Generators.Sockets.ArrayOf(30).ToArbitrary();
        Prop.ForAll(ports.ToArbitrary(), Generators.Expressions.ToArbitrary(), someSockets, (set, expression, sockets) =>
        {
            byte[] program = PortFilter.Compile(set, FilterCompiler.Compile(expression)!);
            return BytecodeInterpreter.Audit(program) && sockets.All(socket =>
                BytecodeInterpreter.Run(program, socket).Accepted == (set.Contains((ushort)socket.LocalPort) && Holds(expression, socket)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    [Fact]
    public void Negation_does_not_compile_a_predicate_twice()
    {
        string plain = "( sport = :80 or dst 10.0.0.0/8 ) and src ::1";
        int length = SocketFilter.Parse(plain).Bytecode.Length;
        Assert.InRange(SocketFilter.Parse($"not ( {plain} )").Bytecode.Length, length, length + BytecodeWriter.JumpLength);
        Assert.Equal(length, SocketFilter.Parse($"not not ( {plain} )").Bytecode.Length);
    }

    [Theory]
    [InlineData("sport >= :0")]
    [InlineData("dst *")]
    [InlineData("dst * and sport >= :0")]
    [InlineData("not sport < :0")]
    public void Expression_that_matches_every_socket_needs_no_program(string expression) => Assert.Empty(SocketFilter.Parse(expression).Bytecode);

    [Theory]
    [InlineData("sport < :0")]
    [InlineData("sport > :65535")]
    [InlineData("not dst *")]
    public void Expression_that_matches_no_socket_is_one_jump_past_the_end(string expression) =>
        Assert.Equal([1, 4, 8, 0], SocketFilter.Parse(expression).Bytecode);

    [Fact]
    public void Longest_program_passes_the_audit_and_a_longer_one_is_rejected()
    {
        // An address condition of 28 bytes and a jump of 4; the last one needs no jump.
        const int MostPredicates = (BytecodeWriter.MaxLength + 4) / 32;
        byte[] program = SocketFilter.Parse(Predicates(MostPredicates)).Bytecode;
        Assert.Equal((32 * MostPredicates) - 4, program.Length);
        Assert.True(BytecodeInterpreter.Audit(program));

        SocketFilterException refused = Assert.Throws<SocketFilterException>(() => SocketFilter.Parse(Predicates(MostPredicates + 1)));
        Assert.Equal(
            "at column 1: the compiled expression is longer than 65528 bytes, the limit of the kernel; use fewer predicates",
            refused.Message);
        Assert.Throws<SocketFilterException>(() => SocketFilter.Parse(Predicates(100_000)));
    }

    private static string Predicates(int count) =>
        string.Join(" or ", Enumerable.Range(1, count).Select(i => $"dst [2001:db8::{i >> 16:x}:{i & 0xffff:x}]"));

    private static bool Holds(FilterExpression expression, Entry socket) => Evaluation.Holds(expression, socket.Local, socket.Peer);
}
