using System.Runtime.InteropServices;
using Netlink.Interop;

namespace Netlink.SockDiag.Filters;

/// <summary>Compiles a set of local ports into the bytecode that the kernel runs for each socket.</summary>
/// <remarks>
/// The program is a balanced tree of comparisons, so the cost per socket is logarithmic in the number of port ranges. It uses S_GE and S_LE, because
/// older kernels refuse S_EQ.
/// </remarks>
internal static class PortFilter
{
    /// <summary>The most ranges that fit into a program.</summary>
    internal static int MaxRanges =>
        (BytecodeWriter.MaxLength + BytecodeWriter.JumpLength) / (2 * BytecodeWriter.ComparisonLength + BytecodeWriter.JumpLength);

    /// <param name="ports">At least one, in ascending order, without duplicates.</param>
    /// <param name="filter">A program for the sockets with these ports; empty to accept all of them.</param>
    /// <exception cref="ArgumentException">The program is longer than an attribute may be.</exception>
    internal static byte[] Compile(ReadOnlySpan<ushort> ports, ReadOnlySpan<byte> filter = default)
    {
        List<PortRange> ranges = ToRanges(ports);
        if (ranges.Count > MaxRanges)
        {
            throw new ArgumentException(
                $"{ranges.Count} separate port ranges are too many for a kernel filter; the maximum is {MaxRanges}",
                nameof(ports));
        }

        BytecodeWriter program = new(filter);
        Write(CollectionsMarshal.AsSpan(ranges), lowerBoundKnown: false, program, then: filter.Length);
        if (program.IsTooLong)
        {
            throw new ArgumentException(
                $"{ranges.Count} separate port ranges and the filter are too long together for the kernel; "
                + "use fewer ports or a shorter filter",
                nameof(filter));
        }

        return program.ToArray();
    }

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
    /// Writes the tree. Each range has one comparison with its first port, at its leaf or on the way to it, and one with its last port. All leaves but the
    /// last then jump over the others.
    /// </summary>
    private static void Write(ReadOnlySpan<PortRange> ranges, bool lowerBoundKnown, BytecodeWriter program, int then)
    {
        if (ranges.Length == 1)
        {
            WriteLeaf(ranges[0], lowerBoundKnown, program, then);
            return;
        }

        // If port >= the first port of the upper half, continue there with that lower bound known; otherwise jump to the lower half.
        int middle = ranges.Length / 2;
        Write(ranges[..middle], lowerBoundKnown, program, then);
        int lowerHalf = program.Position;
        Write(ranges[middle..], lowerBoundKnown: true, program, then);
        program.Compare(inet_diag_h.INET_DIAG_BC_S_GE, ranges[middle].First, otherwise: lowerHalf);
    }

    private static void WriteLeaf(PortRange range, bool lowerBoundKnown, BytecodeWriter program, int then)
    {
        program.ContinueAt(then);
        program.Compare(inet_diag_h.INET_DIAG_BC_S_LE, range.Last, otherwise: BytecodeWriter.Reject);
        if (!lowerBoundKnown)
        {
            program.Compare(inet_diag_h.INET_DIAG_BC_S_GE, range.First, otherwise: BytecodeWriter.Reject);
        }
    }

    private readonly record struct PortRange(ushort First, ushort Last);
}
