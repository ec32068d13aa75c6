using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Agent.Limits;

/// <summary>
/// A host, and its port where there is one. A host is a name, four decimal numbers, or IPv6 in brackets, in ASCII. .NET and the C library take
/// more: <c>8500</c>, <c>0177.0.0.1</c>, <c>0x7f.1</c> and full-width digits are other machines for them than for the person who wrote that, and
/// a token would go to those.
/// </summary>
/// <param name="Host">As it was written, IPv6 in brackets.</param>
/// <param name="Port">1 to 65535; null where there is none.</param>
internal readonly record struct HostAndPort(string Host, int? Port)
{
    private const int LongestName = 253;
    private const int LongestLabel = 63;

    /// <exception cref="FormatException">It is not one. The message is what follows after the text itself, without what to write instead.</exception>
    internal static HostAndPort Parse(string text)
    {
        (string host, string? port) = Split(text);
        if (host.StartsWith('['))
        {
            if (!host.EndsWith(']') || !IsIpv6(host[1..^1]))
            {
                throw NoAddress();
            }
        }
        else if (!IsName(host))
        {
            throw NoAddress();
        }
        else if (EndsInNumber(host) && !IsIpv4(host))
        {
            throw new FormatException("has a number for a host, which is neither a name nor four decimal numbers without leading zeros");
        }

        return new HostAndPort(host, port is null ? null : ParsePort(port));
    }

    /// <summary>Four decimal numbers from 0 to 255, none with a leading zero.</summary>
    internal static bool IsIpv4(string text) =>
        IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetwork && address.ToString() == text;

    /// <summary>IPv6 without brackets. A zone, the interface of a link-local address, may follow after a % as in Go: fe80::1%eth0.</summary>
    internal static bool IsIpv6(string text)
    {
        string[] parts = text.Split('%');
        string address = parts[0];
        if (parts.Length > 2 || (parts.Length == 2 && (parts[1] == "" || !parts[1].All(IsOfName))))
        {
            return false;
        }

        // An IPv4 address may be the end of it, by the same rule.
        string end = address[(address.LastIndexOf(':') + 1)..];
        return address.Contains(':')
            && address.All(character => char.IsAsciiHexDigit(character) || character is ':' or '.')
            && (!end.Contains('.') || IsIpv4(end))
            && IPAddress.TryParse(address, out _);
    }

    private static (string Host, string? Port) Split(string text)
    {
        int colon = text.LastIndexOf(':');
        return colon > text.LastIndexOf(']') ? (text[..colon], text[(colon + 1)..]) : (text, null);
    }

    /// <summary>Labels of letters, digits, hyphens and underscores; a dot may end the name.</summary>
    private static bool IsName(string host) =>
        host.Length <= LongestName && Labels(host).All(label => label.Length is > 0 and <= LongestLabel && label.All(IsOfLabel));

    /// <summary>A decimal or hexadecimal number as the last label makes an IPv4 address of it: see https://url.spec.whatwg.org/#ends-in-a-number-checker.</summary>
    private static bool EndsInNumber(string host)
    {
        string last = Labels(host)[^1];
        return last.All(char.IsAsciiDigit)
            || (last.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && last[2..].All(char.IsAsciiHexDigit));
    }

    private static string[] Labels(string host) => (host.EndsWith('.') ? host[..^1] : host).Split('.');

    private static bool IsOfName(char character) => IsOfLabel(character) || character == '.';

    private static bool IsOfLabel(char character) => char.IsAsciiLetterOrDigit(character) || character is '-' or '_';

    private static int ParsePort(string port) =>
        !port.StartsWith('0') && ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) ? number : throw NoAddress();

    private static FormatException NoAddress() => new("is not an address");
}
