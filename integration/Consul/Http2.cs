using System.Text;

namespace Integration.Consul;

/// <summary>As much of HTTP/2 as it takes to have several requests on one connection: RFC 9113, and RFC 7541 for the headers.</summary>
internal static class Http2
{
    internal const int SettingsFrame = 4;

    private const int HeadersFrame = 1;
    private const byte EndOfStreamAndHeaders = 0x5;

    /// <summary>What a client begins with: the fixed text, and settings that change nothing.</summary>
    internal static byte[] Preface => [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(SettingsFrame, 0, 0, [])];

    /// <summary>A request.</summary>
    /// <param name="index">Which one of the connection's requests, from 0.</param>
    /// <param name="path">Of fewer than 127 characters.</param>
    internal static byte[] Get(int index, string path) => Frame(
        HeadersFrame,
        EndOfStreamAndHeaders,
        (byte)((2 * index) + 1),
        // By the static table: GET, https, then :path and :authority as they are.
        [0x82, 0x87, 0x04, (byte)path.Length, .. Encoding.ASCII.GetBytes(path), 0x01, 6, .. "consul"u8]);

    /// <summary>Reads the type of the next frame.</summary>
    internal static int TypeOf(Stream stream)
    {
        byte[] header = new byte[9];
        stream.ReadExactly(header);
        return header[3];
    }

    private static byte[] Frame(byte type, byte flags, byte stream, byte[] payload) =>
        [0, 0, (byte)payload.Length, type, flags, 0, 0, 0, stream, .. payload];
}
