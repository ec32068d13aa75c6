using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Agent.Limits;

namespace Agent.Configuration;

/// <summary>The addresses that the endpoint listens on, at least one. None covers another. Equality compares the addresses in their order.</summary>
internal sealed record ListenAddresses(ImmutableArray<IPEndPoint> All)
{
    internal const ushort DefaultPort = 18500;

    private const string Formats = "write it like 127.0.0.1:18500, 0.0.0.0, [::1]:18500 or [::]";

    public bool Equals(ListenAddresses? other) => other is not null && All.SequenceEqual(other.All);

    public override int GetHashCode() => All.Aggregate(0, HashCode.Combine);

    /// <summary>The addresses as a user writes them.</summary>
    public override string ToString() => string.Join(',', All);

    /// <summary>Whether a socket cannot listen on this address while others listen on these.</summary>
    internal bool Overlaps(IPEndPoint where) => All.Any(own => own.Equals(where) || Covers(own, where) || Covers(where, own));

    /// <exception cref="FormatException">The first address that is invalid; the message is one line.</exception>
    internal static ListenAddresses Parse(IReadOnlyList<string> texts)
    {
        ImmutableArray<IPEndPoint>.Builder all = ImmutableArray.CreateBuilder<IPEndPoint>(texts.Count);
        foreach (string text in texts)
        {
            IPEndPoint next = ParseOne(text);
            foreach (IPEndPoint other in all)
            {
                if (next.Equals(other))
                {
                    throw new FormatException($"{next} is given twice; name it once");
                }

                if (Covers(next, other) || Covers(other, next))
                {
                    throw new FormatException($"{(Covers(next, other) ? next : other)} includes {(Covers(next, other) ? other : next)}; give only one of them");
                }
            }

            all.Add(next);
        }

        return all.Count > 0 ? new ListenAddresses(all.ToImmutable()) : throw new FormatException("the list is empty; name an address");
    }

    /// <summary>Whether a socket on the one address receives the other's connections. [::] receives those of all IPv4 addresses too.</summary>
    private static bool Covers(IPEndPoint one, IPEndPoint other) =>
        one.Port == other.Port
        && (one.Address.Equals(IPAddress.IPv6Any)
            || (one.Address.Equals(IPAddress.Any) && other.AddressFamily == AddressFamily.InterNetwork));

    private static IPEndPoint ParseOne(string text)
    {
        (string address, string? port) = Split(text);
        return new IPEndPoint(ParseAddress(address, text), port is null ? DefaultPort : ParsePort(port, text));
    }

    private static (string Address, string? Port) Split(string text)
    {
        int colon = text.LastIndexOf(':');
        if (text.StartsWith('[') && text.IndexOf(']') is > 0 and int end)
        {
            return end == text.Length - 1 ? (text[1..end], null)
                : colon == end + 1 ? (text[1..end], text[(colon + 1)..])
                : throw Wrong(text);
        }

        // More than one colon and no brackets: an IPv6 address without a port.
        return colon < 0 || text.IndexOf(':') != colon ? (text, null) : (text[..colon], text[(colon + 1)..]);
    }

    private static IPAddress ParseAddress(string address, string text)
    {
        bool isVersion6 = address.Contains(':');
        // IPv4 only as four decimal numbers, also at the end of an IPv6 address. Other notations are easily misread.
        bool isAddress = isVersion6
            ? !address.Contains('%') && HostAndPort.IsIpv6(address)
            : !text.StartsWith('[') && HostAndPort.IsIpv4(address);
        if (!isAddress)
        {
            throw Wrong(text);
        }

        IPAddress parsed = IPAddress.Parse(address);
        return parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4() : parsed;
    }

    private static int ParsePort(string port, string text) =>
        ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) && number > 0
            ? number
            : throw new FormatException($"'{text}' has no port from 1 to 65535 after the colon; {Formats}");

    private static FormatException Wrong(string text) =>
        new($"'{text}' is not an IP address, with or without a port; host names are not resolved; {Formats}");
}
