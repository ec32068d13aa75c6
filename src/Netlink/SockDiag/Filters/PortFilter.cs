using System.Runtime.InteropServices;
using Netlink.Interop;

namespace Netlink.SockDiag.Filters;

/// <summary>Compiles a set of local ports into the bytecode that the kernel runs for each socket.</summary>
/// <remarks>
/// The ports are a balanced tree of comparisons, so that a socket costs the logarithm of the number of ranges. S_GE and S_LE are used and
/// S_EQ is not, which older kernels refuse.
/// </remarks>
internal static class PortFilter
{
    /// <summary>How many ranges fit.</summary>
    internal static int LargestCount =>
        (BytecodeWriter.MaxLength + BytecodeWriter.JumpLength) / (2 * BytecodeWriter.ComparisonLength + BytecodeWriter.JumpLength);

    /// <param name="ports">In rising order, none twice, at least one.</param>
    /// <param name="filter">A program that decides on the sockets with these ports; without it they are accepted.</param>
    /// <exception cref="ArgumentException">The program is longer than an attribute may be.</exception>
    internal static byte[] Compile(ReadOnlySpan<ushort> ports, ReadOnlySpan<byte> filter = default)
    {
        List<PortRange> ranges = ToRanges(ports);
        if (ranges.Count > LargestCount)
        {
            throw new ArgumentException(
                $"{ranges.Count} separate ranges of ports are too many for a filter in the kernel, {LargestCount} are the most",
                nameof(ports));
        }

        BytecodeWriter program = new(filter);
        Write(CollectionsMarshal.AsSpan(ranges), lowerBoundKnown: false, program, then: filter.Length);
        if (program.IsTooLong)
        {
            throw new ArgumentException(
                $"{ranges.Count} separate ranges of ports and the filter do not fit into the kernel together: "
                + "take fewer ports or a shorter filter",
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
    /// Each range is compared with its first port once, at its own leaf or on the way to it, and with its last port once; all but the last
    /// one then jump over the others.
    /// </summary>
    private static void Write(ReadOnlySpan<PortRange> ranges, bool lowerBoundKnown, BytecodeWriter program, int then)
    {
        if (ranges.Length == 1)
        {
            WriteLeaf(ranges[0], lowerBoundKnown, program, then);
            return;
        }

        // port >= the upper half's first: go on there, knowing that; else jump over it to the lower half.
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
