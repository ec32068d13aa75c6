using System.Text;

namespace Integration.Consul;

/// <summary>
/// The part of HTTP/2 that is needed to send several requests on one connection. See RFC 9113, and RFC 7541 for the headers.
/// </summary>
internal static class Http2
{
    internal const int SettingsFrame = 4;

    private const int HeadersFrame = 1;
    private const byte EndOfStreamAndHeaders = 0x5;

    /// <summary>The connection preface of a client: the fixed text, and an empty SETTINGS frame.</summary>
    internal static byte[] Preface => [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(SettingsFrame, 0, 0, [])];

    /// <summary>The HEADERS frame of a GET request.</summary>
    /// <param name="index">The number of the request on the connection, from 0.</param>
    /// <param name="path">The path, shorter than 127 characters.</param>
    internal static byte[] Get(int index, string path) => Frame(
        HeadersFrame,
        EndOfStreamAndHeaders,
        (byte)((2 * index) + 1),
        // GET and https come from the static table; :path and :authority follow as literals.
        [0x82, 0x87, 0x04, (byte)path.Length, .. Encoding.ASCII.GetBytes(path), 0x01, 6, .. "consul"u8]);

    /// <summary>Reads the next frame's header and returns its type.</summary>
    internal static int ReadFrameType(Stream stream)
    {
        byte[] header = new byte[9];
        stream.ReadExactly(header);
        return header[3];
    }

    private static byte[] Frame(byte type, byte flags, byte stream, byte[] payload) =>
        [0, 0, (byte)payload.Length, type, flags, 0, 0, 0, stream, .. payload];
}
