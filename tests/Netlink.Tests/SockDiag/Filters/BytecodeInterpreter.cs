namespace Netlink.Tests.SockDiag.Filters;

/// <summary>
/// A copy of the kernel's rules for the bytecode of ports and addresses: inet_diag_bc_audit and inet_diag_bc_run of net/ipv4/inet_diag.c.
/// </summary>
internal static class BytecodeInterpreter
{
    private const int Nop = 0;
    private const int Jump = 1;
    private const int SourceGreaterOrEqual = 2;
    private const int SourceLessOrEqual = 3;
    private const int DestinationGreaterOrEqual = 4;
    private const int DestinationLessOrEqual = 5;
    private const int SourceCondition = 7;
    private const int DestinationCondition = 8;

    // struct inet_diag_hostcond: family, prefix_len, two bytes of padding, port, address.
    private const int ConditionLength = 8;
    private const int PortOffset = 4;
    private const int AnyPort = -1;

    /// <summary>Whether the kernel accepts the program; otherwise it returns EINVAL.</summary>
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
                case SourceGreaterOrEqual or SourceLessOrEqual or DestinationGreaterOrEqual or DestinationLessOrEqual:
                    shortest = 8;
                    if (left < shortest)
                    {
                        return false;
                    }

                    break;
                case SourceCondition or DestinationCondition:
                    shortest += ConditionLength;
                    if (left < shortest)
                    {
                        return false;
                    }

                    int? addressLength = program[position + 4] switch
                    {
                        Entry.Unspecified => 0,
                        Entry.IPv4 => 4,
                        Entry.IPv6 => 16,
                        _ => null,
                    };
                    shortest += addressLength ?? 0;
                    if (addressLength is null || left < shortest || program[position + 5] > 8 * addressLength)
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
    internal static (bool Accepted, int Steps) Run(ReadOnlySpan<byte> program, int port) => Run(program, Entry.WithLocalPort(port));

    /// <summary>Whether a socket is accepted, and in how many steps.</summary>
    internal static (bool Accepted, int Steps) Run(ReadOnlySpan<byte> program, Entry socket)
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
                SourceGreaterOrEqual => socket.LocalPort >= Operation(program, position + 4).No,
                SourceLessOrEqual => socket.LocalPort <= Operation(program, position + 4).No,
                DestinationGreaterOrEqual => socket.PeerPort >= Operation(program, position + 4).No,
                DestinationLessOrEqual => socket.PeerPort <= Operation(program, position + 4).No,
                SourceCondition => Satisfies(program[(position + 4)..], socket.Family, socket.LocalAddress, socket.LocalPort),
                DestinationCondition => Satisfies(program[(position + 4)..], socket.Family, socket.PeerAddress, socket.PeerPort),
                _ => throw new InvalidOperationException($"operation {code}"),
            };
            position += holds ? yes : no;
            left -= holds ? yes : no;
        }

        return (left == 0, steps);
    }

    private static bool Satisfies(ReadOnlySpan<byte> condition, int family, ReadOnlySpan<byte> address, int port)
    {
        int wantedPort = BitConverter.ToInt32(condition[PortOffset..]);
        if (wantedPort != AnyPort && wantedPort != port)
        {
            return false;
        }

        int wantedFamily = condition[0];
        int length = condition[1];
        ReadOnlySpan<byte> wanted = condition[ConditionLength..];
        if (wantedFamily != Entry.Unspecified && wantedFamily != family)
        {
            return family == Entry.IPv6
                && wantedFamily == Entry.IPv4
                && address[..12].SequenceEqual((ReadOnlySpan<byte>)[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])
                && BitsAreEqual(address[12..], wanted, length);
        }

        return length == 0 || BitsAreEqual(address, wanted, length);
    }

    /// <summary>bitstring_match</summary>
    private static bool BitsAreEqual(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, int count)
    {
        for (int bit = 0; bit < count; bit++)
        {
            int mask = 0x80 >> (bit % 8);
            if (((left[bit / 8] ^ right[bit / 8]) & mask) != 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>valid_cc: whether the path of the yes offsets contains the operation with this many bytes left.</summary>
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
