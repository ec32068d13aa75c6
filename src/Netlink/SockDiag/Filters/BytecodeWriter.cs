using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Netlink.Interop;
using static Tmds.Linux.LibC;

namespace Netlink.SockDiag.Filters;

/// <summary>
/// Writes the bytecode that the kernel runs for each socket (INET_DIAG_REQ_BYTECODE), from its end to its start: an operation can only jump forward, so
/// its target is already written. Positions are in bytes from the end, as in the kernel.
/// </summary>
/// <remarks>
/// The kernel's audit (inet_diag_bc_audit in net/ipv4/inet_diag.c) follows only the <c>yes</c> offsets, which have one byte. It requires that every
/// target of a <c>no</c> offset, which has two bytes, is on that path. So <c>yes</c> always goes to the next operation, and a jump is the <c>no</c> of
/// INET_DIAG_BC_JMP.
/// </remarks>
internal sealed class BytecodeWriter
{
    /// <summary>The longest program: the length of an attribute has 16 bits and includes its header.</summary>
    internal const int MaxLength = 65528;

    /// <summary>The position that accepts a socket: the end.</summary>
    internal const int Accept = 0;

    /// <summary>The position that rejects a socket: 4 bytes after the end.</summary>
    internal const int Reject = -4;

    private const int InitialLength = 256;
    private static readonly int OperationLength = Unsafe.SizeOf<inet_diag_bc_op>();

    // Filled from the end.
    private byte[] _program = new byte[InitialLength];

    /// <param name="tail">A complete program; the writer writes before it.</param>
    internal BytecodeWriter(ReadOnlySpan<byte> tail = default) => tail.CopyTo(Prepend(tail.Length));

    /// <summary>The length of a comparison in bytes.</summary>
    internal static int ComparisonLength => 2 * OperationLength;

    /// <summary>The length of a jump in bytes.</summary>
    internal static int JumpLength => OperationLength;

    /// <summary>The position of the latest operation.</summary>
    internal int Position { get; private set; }

    /// <summary>Whether the program is longer than an attribute may be. Further operations are lost.</summary>
    internal bool IsTooLong => Position > MaxLength;

    /// <summary>Continues at another position, with a jump if necessary.</summary>
    internal void ContinueAt(int target)
    {
        if (Position != target)
        {
            Write(inet_diag_h.INET_DIAG_BC_JMP, [], otherwise: target);
        }
    }

    /// <summary>Compares a port with a number. The program continues at the next operation or, if the comparison fails, at another position.</summary>
    internal void Compare(int code, ushort port, int otherwise)
    {
        // The operand is another operation, of which the kernel reads only the last field, in host order.
        inet_diag_bc_op operand = new() { code = inet_diag_h.INET_DIAG_BC_NOP, no = port };
        Write(code, MemoryMarshal.AsBytes(new ReadOnlySpan<inet_diag_bc_op>(in operand)), otherwise);
    }

    /// <summary>Compares an address with a prefix. The program continues at the next operation or, if the comparison fails, at another position.</summary>
    /// <param name="code">INET_DIAG_BC_S_COND or INET_DIAG_BC_D_COND.</param>
    /// <param name="prefix">
    /// An IPv4 prefix also matches the v4-mapped addresses of IPv6 sockets; an IPv6 prefix matches only IPv6 sockets.
    /// </param>
    /// <param name="port">The port that must match too; null for every port.</param>
    /// <param name="otherwise">The position if the comparison fails.</param>
    internal void Match(int code, AddressPrefix prefix, ushort? port, int otherwise)
    {
        inet_diag_hostcond condition = new()
        {
            family = (byte)(prefix.IsIPv4 ? AF_INET : AF_INET6),
            prefix_len = (byte)prefix.LengthAsWritten,
            port = port ?? -1,
        };
        int addressOffset = Unsafe.SizeOf<inet_diag_hostcond>();
        Span<byte> operand = stackalloc byte[addressOffset + AddressPrefix.IPv6Length];
        MemoryMarshal.Write(operand, in condition);
        int addressLength = prefix.CopyAddress(operand[addressOffset..]);
        Write(code, operand[..(addressOffset + addressLength)], otherwise);
    }

    /// <summary>The program so far.</summary>
    /// <exception cref="InvalidOperationException">The program is too long.</exception>
    internal byte[] ToArray() => IsTooLong ? throw new InvalidOperationException() : _program[^Position..];

    private void Write(int code, ReadOnlySpan<byte> operand, int otherwise)
    {
        int length = OperationLength + operand.Length;
        Span<byte> destination = Prepend(length);
        if (IsTooLong)
        {
            return;
        }

        inet_diag_bc_op operation = new() { code = (byte)code, yes = (byte)length, no = (ushort)(Position - otherwise) };
        MemoryMarshal.Write(destination, in operation);
        operand.CopyTo(destination[OperationLength..]);
    }

    /// <returns>Space for this many bytes before the program; empty if the program becomes too long.</returns>
    private Span<byte> Prepend(int length)
    {
        Position = Math.Min(Position + length, MaxLength + 1);
        if (IsTooLong)
        {
            return [];
        }

        if (Position > _program.Length)
        {
            byte[] larger = new byte[Math.Max(Position, 2 * _program.Length)];
            _program.CopyTo(larger.AsSpan(larger.Length - _program.Length));
            _program = larger;
        }

        return _program.AsSpan(_program.Length - Position, length);
    }
}
