using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Netlink.Interop;
using static Tmds.Linux.LibC;

namespace Netlink.SockDiag.Filters;

/// <summary>
/// Writes the bytecode that the kernel runs for each socket (INET_DIAG_REQ_BYTECODE), from its end to its beginning: an operation can
/// only jump forward, so that whatever it jumps to is there already. Places are counted in bytes from the end, as the kernel itself does
/// it.
/// </summary>
/// <remarks>
/// The kernel's inspection (inet_diag_bc_audit in net/ipv4/inet_diag.c) follows only the <c>yes</c> offsets, of one byte, and wants every
/// target of a <c>no</c>, of two bytes, on that path. Therefore <c>yes</c> always goes to the next operation, and a jump is the <c>no</c>
/// of INET_DIAG_BC_JMP.
/// </remarks>
internal sealed class BytecodeWriter
{
    /// <summary>An attribute's length has 16 bits and counts its own header.</summary>
    internal const int MaxLength = 65528;

    /// <summary>The place that accepts a socket: exactly the end.</summary>
    internal const int Accept = 0;

    /// <summary>The place that rejects it: 4 bytes past the end.</summary>
    internal const int Reject = -4;

    private const int InitialLength = 256;
    private static readonly int OperationLength = Unsafe.SizeOf<inet_diag_bc_op>();

    // Filled from its end.
    private byte[] _program = new byte[InitialLength];

    /// <param name="tail">A finished program that what is written goes in front of.</param>
    internal BytecodeWriter(ReadOnlySpan<byte> tail = default) => tail.CopyTo(Prepend(tail.Length));

    /// <summary>How long a comparison is.</summary>
    internal static int ComparisonLength => 2 * OperationLength;

    /// <summary>How long a jump is.</summary>
    internal static int JumpLength => OperationLength;

    /// <summary>The place of the operation that was written last.</summary>
    internal int Position { get; private set; }

    /// <summary>True when the program is longer than an attribute may be. What is written then is lost.</summary>
    internal bool IsTooLong => Position > MaxLength;

    /// <summary>Makes sure that whoever comes to this place goes on at another one.</summary>
    internal void ContinueAt(int target)
    {
        if (Position != target)
        {
            Write(inet_diag_h.INET_DIAG_BC_JMP, [], otherwise: target);
        }
    }

    /// <summary>Compares a port with a number, and goes on at the next operation or at another place.</summary>
    internal void Compare(int code, ushort port, int otherwise)
    {
        // The operand is a further operation of which only the last field counts, in host order.
        inet_diag_bc_op operand = new() { code = inet_diag_h.INET_DIAG_BC_NOP, no = port };
        Write(code, MemoryMarshal.AsBytes(new ReadOnlySpan<inet_diag_bc_op>(in operand)), otherwise);
    }

    /// <summary>Holds an address against a prefix, and goes on at the next operation or at another place.</summary>
    /// <param name="code">INET_DIAG_BC_S_COND or INET_DIAG_BC_D_COND.</param>
    /// <param name="prefix">
    /// An IPv4 prefix also matches the v4-mapped addresses of IPv6 sockets; an IPv6 prefix matches on IPv6 sockets alone.
    /// </param>
    /// <param name="port">The port that it must be as well; null for every port.</param>
    /// <param name="otherwise">Where to go on when it is not.</param>
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

    /// <summary>The program as it is now.</summary>
    /// <exception cref="InvalidOperationException">It is too long.</exception>
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

    /// <returns>Room for so many bytes in front of what is written; none when they are too many.</returns>
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
