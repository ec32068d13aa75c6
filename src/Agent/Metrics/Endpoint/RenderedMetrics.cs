using System.IO.Compression;

namespace Agent.Metrics.Endpoint;

/// <summary>The metrics as they were at one moment, in one format. All who ask within that moment share it, and so they share its compression.</summary>
/// <param name="text">The whole exposition; the bytes are not changed afterwards.</param>
internal sealed class RenderedMetrics(ReadOnlyMemory<byte> text)
{
    // Made when the first client asks for it; clients that ask at the same time wait for that one.
    private readonly Lazy<ReadOnlyMemory<byte>> _gzip = new(() => Compress(text.Span));

    /// <summary>The exposition.</summary>
    internal ReadOnlyMemory<byte> Text { get; } = text;

    /// <summary>The same in the format gzip, see RFC 1952; compressed once.</summary>
    internal ReadOnlyMemory<byte> Gzip => _gzip.Value;

    private static ReadOnlyMemory<byte> Compress(ReadOnlySpan<byte> text)
    {
        using MemoryStream compressed = new(capacity: 256 + (text.Length / 8));
        using (GZipStream gzip = new(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(text);
        }

        return compressed.GetBuffer().AsMemory(0, (int)compressed.Length);
    }
}
