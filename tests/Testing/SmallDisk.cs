namespace Testing;

/// <summary>A tmpfs of 64 KiB that a test can fill, free and make read-only.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private const int Chunk = 4096;

    private SmallDisk(string path) => Path = path;

    internal string Path { get; }

    private string Filler => System.IO.Path.Combine(Path, "filler");

    internal static async Task<SmallDisk> Mount(string path)
    {
        Requires.Root();
        Directory.CreateDirectory(path);
        (int exitCode, string complaint) = await Tool.Run("mount", ["-t", "tmpfs", "-o", "size=64k,mode=755", "tmpfs", path]);
        Requires.That(exitCode == 0, $"a tmpfs cannot be mounted here: {complaint.Trim()}");
        return new SmallDisk(path);
    }

    internal void Fill()
    {
        using FileStream filler = new(Filler, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        try
        {
            while (true)
            {
                filler.Write(new byte[Chunk]);
            }
        }
        catch (IOException)
        {
            // The disk is full.
        }
    }

    internal void Free() => File.Delete(Filler);

    /// <summary>Waits until no file is open for writing there.</summary>
    internal Task Remount(string how) =>
        Poll.Until(async () => (await Tool.Run("mount", ["-o", $"remount,{how}", Path])).ExitCode == 0, $"{Path} is mounted {how}");

    public async ValueTask DisposeAsync()
    {
        // A process that another test starts right now may have a copy of an open descriptor for a moment.
        await Poll.Until(async () => (await Tool.Run("umount", [Path])).ExitCode == 0, $"{Path} is unmounted");
    }
}
