namespace Testing;

/// <summary>A tmpfs of 64 KiB to be filled, made read-only and freed.</summary>
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
        using FileStream filler = new(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
            {
                filler.Write(new byte[Chunk]);
            }
        }
        catch (IOException)
        {
            // Full, as it was meant to be.
        }
    }

    internal void Free() => File.Delete(Filler);

    internal async Task Remount(string how)
    {
        (int exitCode, string complaint) = await Tool.Run("mount", ["-o", $"remount,{how}", Path]);
        Assert.True(exitCode == 0, complaint);
    }

    public async ValueTask DisposeAsync()
    {
        (int exitCode, string complaint) = await Tool.Run("umount", [Path]);
        Assert.True(exitCode == 0, complaint);
    }
}
