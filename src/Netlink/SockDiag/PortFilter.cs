using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Netlink.Interop;

namespace Netlink.SockDiag;

/// <summary>
/// Compiles a set of local ports into the bytecode that the kernel runs for each socket (INET_DIAG_REQ_BYTECODE). An operation jumps forward by
/// <c>yes</c> or <c>no</c> bytes; to land exactly on the end accepts the socket, 4 bytes past it rejects it.
/// </summary>
/// <remarks>
/// <para>The ports are a balanced tree of comparisons, so that a socket costs the logarithm of the number of ranges. S_GE and S_LE are used
/// and S_EQ is not, which older kernels refuse.</para>
/// <para>The kernel's inspection (inet_diag_bc_audit in net/ipv4/inet_diag.c) follows only the <c>yes</c> offsets and wants every target of a
/// <c>no</c> on that path. Therefore <c>yes</c> always goes to the next operation, and a jump is the <c>no</c> of INET_DIAG_BC_JMP.</para>
/// </remarks>
internal static class PortFilter
{
    /// <summary>An attribute's length has 16 bits and counts its own header.</summary>
    internal const int MaxLength = 65528;

    private const int RejectBeyondEnd = 4;
    private static readonly int OperationLength = Unsafe.SizeOf<inet_diag_bc_op>();
    private static readonly int ComparisonLength = 2 * OperationLength;

    /// <param name="ports">In rising order, none twice, at least one.</param>
    /// <exception cref="ArgumentException">The program is longer than an attribute may be.</exception>
    internal static byte[] Compile(ReadOnlySpan<ushort> ports)
    {
        List<PortRange> ranges = ToRanges(ports);
        int length = LengthOf(ranges.Count);
        if (length > MaxLength)
        {
            throw new ArgumentException(
                $"{ranges.Count} separate ranges of ports are too many for a filter in the kernel, {LargestCount} are the most", nameof(ports));
        }

        byte[] program = new byte[length];
        Write(CollectionsMarshal.AsSpan(ranges), lowerBoundKnown: false, program, position: 0);
        return program;
    }

    /// <summary>How many ranges fit.</summary>
    internal static int LargestCount => (MaxLength + OperationLength) / (2 * ComparisonLength + OperationLength);

    private static List<PortRange> ToRanges(ReadOnlySpan<ushort> ports)
    {
        List<PortRange> ranges = [];
        foreach (ushort port in ports)
        {
            if (ranges.Count > 0 && ranges[^1].Last + 1 == port)
            {
                ranges[^1] = ranges[^1] with { Last = port };
            }
            else
            {
                ranges.Add(new PortRange(port, port));
            }
        }

        return ranges;
    }

    /// <summary>
    /// Each range is compared with its first port once, at its own leaf or on the way to it, and with its last port once; all but the last
    /// one then jump to the end.
    /// </summary>
    private static int LengthOf(int ranges) => ranges * (2 * ComparisonLength + OperationLength) - OperationLength;

    /// <returns>The position behind what was written.</returns>
    private static int Write(ReadOnlySpan<PortRange> ranges, bool lowerBoundKnown, Span<byte> program, int position)
    {
        if (ranges.Length == 1)
        {
            return WriteLeaf(ranges[0], lowerBoundKnown, program, position);
        }

        // port >= the upper half's first: go on there, knowing that; else jump over it to the lower half.
        int middle = ranges.Length / 2;
        int behindUpper = Write(ranges[middle..], lowerBoundKnown: true, program, position + ComparisonLength);
        WriteComparison(inet_diag_h.INET_DIAG_BC_S_GE, ranges[middle].First, behindUpper, program, position);
        return Write(ranges[..middle], lowerBoundKnown, program, behindUpper);
    }

    private static int WriteLeaf(PortRange range, bool lowerBoundKnown, Span<byte> program, int position)
    {
        int reject = program.Length + RejectBeyondEnd;
        if (!lowerBoundKnown)
        {
            position = WriteComparison(inet_diag_h.INET_DIAG_BC_S_GE, range.First, reject, program, position);
        }

        position = WriteComparison(inet_diag_h.INET_DIAG_BC_S_LE, range.Last, reject, program, position);
        return position == program.Length ? position : WriteJump(program.Length, program, position);
    }

    private static int WriteComparison(int code, ushort port, int otherwise, Span<byte> program, int position)
    {
        WriteOperation(code, ComparisonLength, otherwise - position, program[position..]);
        // The operand is a further operation of which only the last field counts, in host order.
        WriteOperation(inet_diag_h.INET_DIAG_BC_NOP, 0, port, program[(position + OperationLength)..]);
        return position + ComparisonLength;
    }

    private static int WriteJump(int target, Span<byte> program, int position)
    {
        WriteOperation(inet_diag_h.INET_DIAG_BC_JMP, OperationLength, target - position, program[position..]);
        return position + OperationLength;
    }

    private static void WriteOperation(int code, int yes, int no, Span<byte> destination)
    {
        inet_diag_bc_op operation = new() { code = (byte)code, yes = (byte)yes, no = (ushort)no };
        MemoryMarshal.Write(destination, in operation);
    }

    private readonly record struct PortRange(ushort First, ushort Last);
}
