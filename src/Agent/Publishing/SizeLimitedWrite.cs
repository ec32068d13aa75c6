namespace Agent.Publishing;

/// <summary>
/// Writes a file whose size <c>ulimit -f</c> may limit. .NET reports EFBIG as a wrong argument; here it is an IOException, like a full disk.
/// </summary>
internal static class SizeLimitedWrite
{
    /// <exception cref="IOException">The text cannot be written, for example because of that limit.</exception>
    internal static void Write(Stream stream, ReadOnlySpan<byte> text)
    {
        try
        {
            stream.Write(text);
            stream.Flush();
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new IOException("File too large; raise the limit for the size of files (ulimit -f, LimitFSIZE=)");
        }
    }
}
