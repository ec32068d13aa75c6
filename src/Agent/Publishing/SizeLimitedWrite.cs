namespace Agent.Publishing;

/// <summary>
/// Writes where <c>ulimit -f</c> may limit the size of a file. .NET reports EFBIG as a wrong argument; here it is an error of the disk, like a full one.
/// </summary>
internal static class SizeLimitedWrite
{
    /// <exception cref="IOException">The text cannot be written, for one because of that limit.</exception>
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
