namespace Netlink.Tests.SockDiag;

/// <summary>
/// The kernel's rules for bytecode, written down again for the operations on local ports: inet_diag_bc_audit and inet_diag_bc_run of
/// net/ipv4/inet_diag.c.
/// </summary>
internal static class BytecodeInterpreter
{
    private const int Nop = 0;
    private const int Jump = 1;
    private const int SourceGreaterOrEqual = 2;
    private const int SourceLessOrEqual = 3;

    /// <summary>Whether the kernel takes the program; it answers EINVAL where not.</summary>
    internal static bool Audit(ReadOnlySpan<byte> program)
    {
        int position = 0;
        int left = program.Length;
        if (left < 4)
        {
            return false;
        }

        while (left > 0)
        {
            (int code, int yes, int no) = Operation(program, position);
            int shortest = 4;
            switch (code)
            {
                case SourceGreaterOrEqual or SourceLessOrEqual:
                    shortest = 8;
                    if (left < shortest)
                    {
                        return false;
                    }

                    break;
                case Nop or Jump:
                    break;
                default:
                    return false;
            }

            if (code != Nop)
            {
                if (no < shortest || no > left + 4 || (no & 3) != 0)
                {
                    return false;
                }

                if (no < left && !IsOnTheYesPath(program, left - no))
                {
                    return false;
                }
            }

            if (yes < shortest || yes > left + 4 || (yes & 3) != 0)
            {
                return false;
            }

            position += yes;
            left -= yes;
        }

        return left == 0;
    }

    /// <summary>Whether a socket with this local port is accepted, and in how many steps.</summary>
    internal static (bool Accepted, int Steps) Run(ReadOnlySpan<byte> program, int port)
    {
        int position = 0;
        int left = program.Length;
        int steps = 0;
        while (left > 0)
        {
            steps++;
            (int code, int yes, int no) = Operation(program, position);
            bool holds = code switch
            {
                Nop => true,
                Jump => false,
                SourceGreaterOrEqual => port >= Operation(program, position + 4).No,
                SourceLessOrEqual => port <= Operation(program, position + 4).No,
                _ => throw new InvalidOperationException($"operation {code}"),
            };
            position += holds ? yes : no;
            left -= holds ? yes : no;
        }

        return (left == 0, steps);
    }

    /// <summary>valid_cc: whether the operation with this many bytes left is met on the way along the yes offsets.</summary>
    private static bool IsOnTheYesPath(ReadOnlySpan<byte> program, int target)
    {
        int position = 0;
        int left = program.Length;
        while (left >= 0)
        {
            if (target > left)
            {
                return false;
            }

            if (target == left)
            {
                return true;
            }

            int yes = Operation(program, position).Yes;
            if (yes < 4 || (yes & 3) != 0)
            {
                return false;
            }

            left -= yes;
            position += yes;
        }

        return false;
    }

    private static (int Code, int Yes, int No) Operation(ReadOnlySpan<byte> program, int position) =>
        (program[position], program[position + 1], BitConverter.ToUInt16(program[(position + 2)..]));
}
