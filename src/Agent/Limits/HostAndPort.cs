using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Agent.Limits;

/// <summary>
/// A host with an optional port. A host is a name, four decimal numbers, or an IPv6 address in brackets, in ASCII. .NET and the C library accept more:
/// <c>8500</c>, <c>0177.0.0.1</c>, <c>0x7f.1</c> and full-width digits. They are rejected here, because they mean another host than most readers
/// expect, and the agent would send a token to it.
/// </summary>
/// <param name="Host">The host as written, an IPv6 address in brackets.</param>
/// <param name="Port">1 to 65535; null if there is none.</param>
internal readonly record struct HostAndPort(string Host, int? Port)
{
    private const int MaxNameLength = 253;
    private const int MaxLabelLength = 63;

    /// <exception cref="FormatException">The text is not a host with an optional port. The message continues a sentence that starts with the text, and has no advice.</exception>
    internal static HostAndPort Parse(string text)
    {
        (string host, string? port) = Split(text);
        if (host.StartsWith('['))
        {
            if (!host.EndsWith(']') || !IsIpv6(host[1..^1]))
            {
                throw NotAnAddress();
            }
        }
        else if (!IsName(host))
        {
            throw NotAnAddress();
        }
        else if (EndsInNumber(host) && !IsIpv4(host))
        {
            throw new FormatException("has a host that is neither a name nor four decimal numbers without leading zeros");
        }

        return new HostAndPort(host, port is null ? null : ParsePort(port));
    }

    /// <summary>Whether the text is four decimal numbers from 0 to 255 without leading zeros.</summary>
    internal static bool IsIpv4(string text) =>
        IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetwork && address.ToString() == text;

    /// <summary>Whether the text is an IPv6 address without brackets. A zone, the interface of a link-local address, may follow a %: fe80::1%eth0.</summary>
    internal static bool IsIpv6(string text)
    {
        string[] parts = text.Split('%');
        string address = parts[0];
        if (parts.Length > 2 || (parts.Length == 2 && (parts[1] == "" || !parts[1].All(IsNameCharacter))))
        {
            return false;
        }

        // The end may be an IPv4 address, which follows the same rule as IsIpv4.
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

    /// <summary>Whether the text is labels of letters, digits, hyphens and underscores. A dot may end it.</summary>
    private static bool IsName(string host) =>
        host.Length <= MaxNameLength && Labels(host).All(label => label.Length is > 0 and <= MaxLabelLength && label.All(IsLabelCharacter));

    /// <summary>Whether the last label is a number, which makes the host an IPv4 address: see https://url.spec.whatwg.org/#ends-in-a-number-checker.</summary>
    private static bool EndsInNumber(string host)
    {
        string last = Labels(host)[^1];
        return last.All(char.IsAsciiDigit)
            || (last.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && last[2..].All(char.IsAsciiHexDigit));
    }

    private static string[] Labels(string host) => (host.EndsWith('.') ? host[..^1] : host).Split('.');

    private static bool IsNameCharacter(char character) => IsLabelCharacter(character) || character == '.';

    private static bool IsLabelCharacter(char character) => char.IsAsciiLetterOrDigit(character) || character is '-' or '_';

    private static int ParsePort(string port) =>
        !port.StartsWith('0') && ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) ? number : throw NotAnAddress();

    private static FormatException NotAnAddress() => new("is not an address");
}
