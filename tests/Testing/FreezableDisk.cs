namespace Testing;

/// <summary>A filesystem that can be frozen, see fsfreeze(8). Writers then wait in the kernel, as on a failed disk or file server.</summary>
internal sealed class FreezableDisk : IAsyncDisposable
{
    private const int Bytes = 8 << 20;

    private FreezableDisk(string path) => Path = path;

    internal string Path { get; }

    internal static async Task<FreezableDisk> Mount(string path)
    {
        Requires.Root();
        string make = Requires.Program("mkfs.ext4", "e2fsprogs");
        Requires.Program("fsfreeze", "util-linux");
        Directory.CreateDirectory(path);
        string image = path + ".image";
        await using (FileStream file = File.Create(image))
        {
            file.SetLength(Bytes);
        }

        await Succeed(make, "-q", image);
        (int exitCode, string complaint) = await Tool.Run("mount", ["-o", "loop", image, path]);
        Requires.That(exitCode == 0, $"a loop device cannot be mounted here: {complaint.Trim()}");
        return new FreezableDisk(path);
    }

    /// <summary>Freezes it until the returned object is disposed. A process that waits for it cannot be killed before.</summary>
    internal async Task<IAsyncDisposable> Freeze()
    {
        await Succeed("fsfreeze", "--freeze", Path);
        return new Frozen(Path);
    }

    public async ValueTask DisposeAsync()
    {
        // A process that another test starts right now may have a copy of an open descriptor for a moment.
        await Poll.Until(async () => (await Tool.Run("umount", [Path])).ExitCode == 0, $"{Path} is unmounted");
    }

    private static async Task Succeed(string program, params string[] arguments)
    {
        (int exitCode, string complaint) = await Tool.Run(program, arguments);
        Assert.True(exitCode == 0, $"{program}: {complaint}");
    }

    private sealed class Frozen(string path) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await Succeed("fsfreeze", "--unfreeze", path);
    }
}
