using System.Globalization;
using static Netlink.SockDiag.Filters.SocketFilterException;

namespace Netlink.SockDiag.Filters;

/// <summary>Reads what predicates are compared with: the HOST and the PORT of ss(8).</summary>
internal static class OperandReader
{
    private const string HostRemedy = "write for example 10.0.0.0/8, [::1]:443, *:443";
    private const string PortRemedy = "write a number from 0 to 65535, as in :443";

    private static readonly string[] OtherFamilies = ["unix:", "link:", "netlink:", "vsock:", "inet:", "inet6:"];

    /// <summary>Reads the operand of sport and dport: <c>:443</c> or <c>443</c>.</summary>
    /// <exception cref="SocketFilterException">It is none.</exception>
    internal static ushort ReadPort(FilterToken operand)
    {
        int colon = operand.Text.StartsWith(':') ? 1 : 0;
        return ReadPort(operand.Text.AsSpan(colon), operand.Column + colon);
    }

    /// <summary>Reads the operand of src and dst: an address, a prefix or <c>*</c>, a port, or both.</summary>
    /// <exception cref="SocketFilterException">It is none.</exception>
    internal static (AddressPrefix? Prefix, ushort? Port) ReadHost(FilterToken operand)
    {
        (string text, int column) = (operand.Text, operand.Column);
        if (text is ['/' or '@', ..] || OtherFamilies.Any(family => text.StartsWith(family, StringComparison.Ordinal)))
        {
            throw new SocketFilterException(
                column, $"{Quote(text)} names an address family or a path, and only TCP over IPv4 and IPv6 is asked for", HostRemedy);
        }

        int begin = 0;
        int end;
        int rest;
        if (text is ['[', ..])
        {
            begin = 1;
            end = text.IndexOf(']', StringComparison.Ordinal);
            if (end < 0)
            {
                throw new SocketFilterException(column, "this '[' is never closed", "write ']' behind the address");
            }

            rest = end + 1;
        }
        else
        {
            end = rest = EndOfBareAddress(operand);
        }

        return (
            rest == begin || text[begin..end] == "*" ? null : PrefixReader.Read(text[begin..end], column + begin),
            rest == text.Length ? null : ReadPortBehind(text, rest, column));
    }

    /// <summary>Where the port begins, or the text ends, when the address is not in brackets.</summary>
    private static int EndOfBareAddress(FilterToken operand)
    {
        string text = operand.Text;
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        int first = text.IndexOf(':', Math.Max(slash, 0));
        if (slash >= 0 || first < 0 || first == text.LastIndexOf(':'))
        {
            return first < 0 ? text.Length : first;
        }

        // An IPv6 address, whose own colons hide where a port begins.
        int last = text.LastIndexOf(':');
        if (PrefixReader.IsIPv6Address(text[..last]) && TryReadNumber(text.AsSpan(last + 1), ushort.MaxValue, out _))
        {
            string withPort = $"write {Quote($"[{text[..last]}]{text[last..]}")}";
            throw new SocketFilterException(
                operand.Column,
                $"{Quote(text)} needs brackets to tell an IPv6 address from a port",
                PrefixReader.IsIPv6Address(text) ? $"{withPort} or {Quote($"[{text}]")}" : withPort);
        }

        return text.Length;
    }

    private static ushort? ReadPortBehind(string text, int position, int column)
    {
        if (text[position] != ':')
        {
            string remedy = text[position..] is ['/', ..] ? "write the prefix length inside the brackets: [::1/128]" : HostRemedy;
            throw new SocketFilterException(column + position, $"{Quote(text.AsSpan(position))} does not belong behind ']'", remedy);
        }

        int port = position + 1;
        return text[port..] == "*" ? null : ReadPort(text.AsSpan(port), column + port);
    }

    private static ushort ReadPort(ReadOnlySpan<char> text, int column)
    {
        if (text.IsEmpty)
        {
            throw new SocketFilterException(column, "a port is missing behind ':'", PortRemedy);
        }

        return TryReadNumber(text, ushort.MaxValue, out int port)
            ? (ushort)port
            : throw new SocketFilterException(column, $"{Quote(text)} is no port, and names of services are not looked up", PortRemedy);
    }

    /// <summary>Decimal digits alone, and no zero in front of them, which makes a number octal to ss.</summary>
    internal static bool TryReadNumber(ReadOnlySpan<char> text, int largest, out int number)
    {
        number = 0;
        // int.TryParse by itself also takes zero bytes at the end.
        return !text.ContainsAnyExceptInRange('0', '9')
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && number <= largest
            && (text[0] != '0' || text.Length == 1);
    }
}
