using System.Globalization;
using static Netlink.SockDiag.Filters.SocketFilterException;

namespace Netlink.SockDiag.Filters;

/// <summary>Reads the operands of predicates: HOST and PORT of ss(8).</summary>
internal static class OperandReader
{
    private const string HostRemedy = "write for example 10.0.0.0/8, [::1]:443, *:443";
    private const string PortRemedy = "write a number from 0 to 65535, as in :443";

    private static readonly string[] OtherFamilies = ["unix:", "link:", "netlink:", "vsock:", "inet:", "inet6:"];

    /// <summary>Reads the operand of sport and dport: <c>:443</c> or <c>443</c>.</summary>
    /// <exception cref="SocketFilterException">The operand is not a port.</exception>
    internal static ushort ReadPort(FilterToken operand)
    {
        int colon = operand.Text.StartsWith(':') ? 1 : 0;
        return ReadPort(operand.Text.AsSpan(colon), operand.Column + colon);
    }

    /// <summary>Reads the operand of src and dst: an address, a prefix or <c>*</c>, a port, or both.</summary>
    /// <exception cref="SocketFilterException">The operand is none of these.</exception>
    internal static (AddressPrefix? Prefix, ushort? Port) ReadHost(FilterToken operand)
    {
        (string text, int column) = (operand.Text, operand.Column);
        if (text is ['/' or '@', ..] || OtherFamilies.Any(family => text.StartsWith(family, StringComparison.Ordinal)))
        {
            throw new SocketFilterException(
                column, $"{Quote(text)} is an address family or a path, but the filter selects TCP sockets over IPv4 and IPv6 only", HostRemedy);
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
                throw new SocketFilterException(column, "this '[' has no matching ']'", "add ']' after the address");
            }

            rest = end + 1;
        }
        else
        {
            end = rest = EndOfBareAddress(operand);
        }

        return (
            rest == begin || text[begin..end] == "*" ? null : PrefixReader.Read(text[begin..end], column + begin),
            rest == text.Length ? null : ReadPortAfter(text, rest, column));
    }

    /// <summary>The end of an address without brackets: where its port begins, or the end of the text.</summary>
    private static int EndOfBareAddress(FilterToken operand)
    {
        string text = operand.Text;
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        int first = text.IndexOf(':', Math.Max(slash, 0));
        if (slash >= 0 || first < 0 || first == text.LastIndexOf(':'))
        {
            return first < 0 ? text.Length : first;
        }

        // An IPv6 address: its own colons hide the start of a port.
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

    private static ushort? ReadPortAfter(string text, int position, int column)
    {
        if (text[position] != ':')
        {
            string remedy = text[position..] is ['/', ..] ? "write the prefix length inside the brackets: [::1/128]" : HostRemedy;
            throw new SocketFilterException(column + position, $"{Quote(text.AsSpan(position))} is not expected after ']'", remedy);
        }

        int port = position + 1;
        return text[port..] == "*" ? null : ReadPort(text.AsSpan(port), column + port);
    }

    private static ushort ReadPort(ReadOnlySpan<char> text, int column)
    {
        if (text.IsEmpty)
        {
            throw new SocketFilterException(column, "a port is missing after ':'", PortRemedy);
        }

        return TryReadNumber(text, ushort.MaxValue, out int port)
            ? (ushort)port
            : throw new SocketFilterException(column, $"{Quote(text)} is not a port, and service names are not supported", PortRemedy);
    }

    /// <summary>Reads a number of decimal digits. A leading zero is an error, because ss reads such a number as octal.</summary>
    internal static bool TryReadNumber(ReadOnlySpan<char> text, int largest, out int number)
    {
        number = 0;
        // int.TryParse alone also accepts zero bytes at the end.
        return !text.ContainsAnyExceptInRange('0', '9')
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && number <= largest
            && (text[0] != '0' || text.Length == 1);
    }
}
