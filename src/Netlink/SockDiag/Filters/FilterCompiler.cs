using Netlink.Interop;

namespace Netlink.SockDiag.Filters;

/// <summary>
/// Compiles an expression to bytecode. Each part gets two positions: one to continue at if it matches, and one if it does not. 'and', 'or' and 'not' only
/// choose these positions and need no code.
/// </summary>
internal static class FilterCompiler
{
    /// <returns>The program; empty if the expression obviously matches every socket; null if the program is too long for a request.</returns>
    internal static byte[]? Compile(FilterExpression expression)
    {
        BytecodeWriter program = new();
        Write(expression, program, BytecodeWriter.Accept, BytecodeWriter.Reject);
        return program.IsTooLong ? null : program.ToArray();
    }

    private static void Write(FilterExpression expression, BytecodeWriter program, int then, int otherwise)
    {
        switch (expression)
        {
            case Conjunction all:
                WriteAll(all, program, then, otherwise);
                break;
            case Disjunction any:
                WriteAny(any, program, then, otherwise);
                break;
            case Negation not:
                Write(not.Operand, program, then: otherwise, otherwise: then);
                break;
            case AddressCondition { Prefix: { } prefix } host:
                WriteMatch(host.End, prefix, host.Port, program, then, otherwise);
                break;
            case AddressCondition { Port: { } port } host:
                WriteRange(host.End, port, port, program, then, otherwise);
                break;
            case AddressCondition:
                program.ContinueAt(then);
                break;
            case PortCondition port:
                Write(port, program, then, otherwise);
                break;
        }
    }

    private static void WriteAll(Conjunction all, BytecodeWriter program, int then, int otherwise)
    {
        foreach (FilterExpression operand in all.Operands.Reverse())
        {
            Write(operand, program, then, otherwise);
            then = program.Position;
        }
    }

    private static void WriteAny(Disjunction any, BytecodeWriter program, int then, int otherwise)
    {
        foreach (FilterExpression operand in any.Operands.Reverse())
        {
            Write(operand, program, then, otherwise);
            otherwise = program.Position;
        }
    }

    private static void Write(PortCondition condition, BytecodeWriter program, int then, int otherwise)
    {
        int port = condition.Port;
        (int first, int last) = condition.Comparison switch
        {
            Comparison.Less => (0, port - 1),
            Comparison.LessOrEqual => (0, port),
            Comparison.Greater => (port + 1, ushort.MaxValue),
            Comparison.GreaterOrEqual => (port, ushort.MaxValue),
            _ => (port, port),
        };
        if (condition.Comparison == Comparison.NotEqual)
        {
            (then, otherwise) = (otherwise, then);
        }

        WriteRange(condition.End, first, last, program, then, otherwise);
    }

    /// <summary>Compares with GE and LE only, because older kernels refuse EQ.</summary>
    private static void WriteRange(SocketEnd end, int first, int last, BytecodeWriter program, int then, int otherwise)
    {
        if (first > last)
        {
            program.ContinueAt(otherwise);
            return;
        }

        program.ContinueAt(then);
        if (last < ushort.MaxValue)
        {
            int code = end == SocketEnd.Local ? inet_diag_h.INET_DIAG_BC_S_LE : inet_diag_h.INET_DIAG_BC_D_LE;
            program.Compare(code, (ushort)last, otherwise);
        }

        if (first > 0)
        {
            int code = end == SocketEnd.Local ? inet_diag_h.INET_DIAG_BC_S_GE : inet_diag_h.INET_DIAG_BC_D_GE;
            program.Compare(code, (ushort)first, otherwise);
        }
    }

    private static void WriteMatch(SocketEnd end, AddressPrefix prefix, ushort? port, BytecodeWriter program, int then, int otherwise)
    {
        int code = end == SocketEnd.Local ? inet_diag_h.INET_DIAG_BC_S_COND : inet_diag_h.INET_DIAG_BC_D_COND;
        if (prefix.ContainsIPv4)
        {
            // For the kernel, ::/0 matches the IPv4 connections of dual-stack sockets, but not those of IPv4 sockets. Here it matches neither.
            program.ContinueAt(otherwise);
            program.Match(code, AddressPrefix.EveryIPv4, port: null, otherwise: then);
            then = program.Position;
        }

        program.ContinueAt(then);
        program.Match(code, prefix, port, otherwise);
    }
}
