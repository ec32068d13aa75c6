using Testing;

namespace Agent.Tests.Faults;

/// <summary>The daemon on a disk that fails: it logs the failure once, the recovery once, and then publishes the right count.</summary>
[StartsProgram]
public sealed class DiskTests : IAsyncLifetime
{
    private const int Page = 4096;

    private readonly Scratch _scratch = new();
    private readonly TestNamespace _host = new();
    private Connections _server = null!;
    private SmallDisk _disk = null!;

    public async ValueTask InitializeAsync()
    {
        _server = new Connections(_host, 8500);
        _server.Accept(3);
        _disk = await SmallDisk.Mount(_scratch["disk"]);
    }

    public async ValueTask DisposeAsync()
    {
        await _disk.DisposeAsync();
        _server.Dispose();
        _host.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Full_disk_and_its_recovery_are_each_logged_once()
    {
        using WatchedDaemon daemon = new(_host, _disk.Path);
        await daemon.Publishes(3);
        int attempts = 0;
        using FileSystemWatcher watcher = new(_disk.Path, "*.tmp");
        watcher.Created += (_, _) => Interlocked.Increment(ref attempts);
        string rest = Path.Combine(_disk.Path, "rest");

        _disk.Fill();
        // The daemon needs one more page for a moment while it replaces its file. The test must take this page between two writes.
        await Poll.Until(
            () =>
            {
                TakePages(rest);
                return daemon.Lines.Count > 0;
            },
            "the disk is full");
        watcher.EnableRaisingEvents = true;
        _server.Accept(2);
        await Poll.Until(() => attempts >= 5, "the agent tries again");
        await daemon.LogsOnly(1);
        ExpositionText.CheckWhole(daemon.Text, 3);

        File.Delete(rest);
        _disk.Free();
        await daemon.Publishes(5);
        await daemon.LogsOnly(2);
        LoggedFailureAndRecovery(daemon, "No space left on device");
        await daemon.StopsCleanly();
        Assert.Empty(Directory.EnumerateFileSystemEntries(_disk.Path));
    }

    [Fact]
    public async Task Read_only_disk_and_its_recovery_are_each_logged_once()
    {
        using WatchedDaemon daemon = new(_host, _disk.Path);
        await daemon.Publishes(3);

        await _disk.Remount("ro");
        _server.Accept(2);
        await daemon.LogsOnly(1);
        ExpositionText.CheckWhole(daemon.Text, 3);

        await _disk.Remount("rw");
        await daemon.Publishes(5);
        await daemon.LogsOnly(2);
        LoggedFailureAndRecovery(daemon, "Read-only file system");
    }

    [Fact]
    public async Task Disk_that_is_read_only_at_the_start_is_tried_again()
    {
        await _disk.Remount("ro");
        using WatchedDaemon daemon = new(_host, _disk.Path);
        await daemon.LogsOnly(1);
        await _disk.Remount("rw");
        await daemon.Publishes(3);
        await daemon.LogsOnly(2);
        LoggedFailureAndRecovery(daemon, "Read-only file system");
    }

    [Fact]
    public async Task Leftover_of_a_killed_agent_is_removed_when_a_read_only_disk_becomes_writable()
    {
        string leftover = Path.Combine(_disk.Path, "tcp_connections.prom.x.tmp");
        await File.WriteAllTextAsync(leftover, "", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(_disk.Path, "tcp_connections.prom.lock"), "", TestContext.Current.CancellationToken);
        await _disk.Remount("ro");
        using WatchedDaemon daemon = new(_host, _disk.Path);
        await daemon.LogsOnly(1);
        await _disk.Remount("rw");
        await daemon.Publishes(3);
        Assert.False(File.Exists(leftover));
    }

    [Fact]
    public async Task Deleted_directory_is_created_again()
    {
        string directory = _scratch["out"];
        using WatchedDaemon daemon = new(_host, directory);
        await daemon.Publishes(3);

        await daemon.WhileStopped(() => Directory.Delete(directory, recursive: true));
        await daemon.Publishes(3);
        await LoggedNothingOrFailureAndRecovery(daemon);
    }

    [Fact]
    public async Task Directory_that_replaces_the_old_one_gets_the_textfile()
    {
        string directory = _scratch["out"];
        using WatchedDaemon daemon = new(_host, directory);
        await daemon.Publishes(3);

        Directory.Move(directory, _scratch["aside"]);
        Directory.CreateDirectory(directory);
        _server.Accept(2);
        await daemon.Publishes(5);
        string aside = await File.ReadAllTextAsync(_scratch["aside/tcp_connections.prom"], TestContext.Current.CancellationToken);
        ExpositionText.CheckWhole(aside, 3);
        await LoggedNothingOrFailureAndRecovery(daemon);
    }

    [Fact]
    public async Task File_in_place_of_the_directory_and_its_removal_are_each_logged_once()
    {
        string directory = _scratch["out"];
        using WatchedDaemon daemon = new(_host, directory);
        await daemon.Publishes(3);

        await daemon.WhileStopped(() =>
        {
            Directory.Move(directory, _scratch["aside"]);
            File.WriteAllText(directory, "in the way");
        });
        _server.Accept(2);
        await daemon.LogsOnly(1);
        Assert.Equal("in the way", await File.ReadAllTextAsync(directory, TestContext.Current.CancellationToken));

        await daemon.WhileStopped(() =>
        {
            File.Delete(directory);
            Directory.Move(_scratch["aside"], directory);
        });
        await daemon.Publishes(5);
        await daemon.LogsOnly(2);
        LoggedFailureAndRecovery(daemon, directory);
    }

    private static void TakePages(string path)
    {
        // Without a lock, because a process that another test starts right now may have a copy of the descriptor for a moment.
        using FileStream file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        try
        {
            while (true)
            {
                file.Write(new byte[Page]);
            }
        }
        catch (IOException)
        {
            // No page is free at the moment.
        }
    }

    private static void LoggedFailureAndRecovery(WatchedDaemon daemon, string reason) => Assert.Collection(
        daemon.Lines,
        line =>
        {
            Assert.Contains($"cannot write {daemon.FilePath}: ", line);
            Assert.Contains(reason, line);
            Assert.EndsWith("; trying again, within 50ms each time", line);
        },
        line => Assert.EndsWith($"can write {daemon.FilePath} again", line));

    /// <summary>A directory that disappears during a write makes that write fail. Between two writes, nothing fails.</summary>
    private static async Task LoggedNothingOrFailureAndRecovery(WatchedDaemon daemon)
    {
        await Poll.Until(() => daemon.Lines.Count % 2 == 0, "every failure has its recovery");
        await WatchedDaemon.Intervals(10);
        if (daemon.Lines.Count > 0)
        {
            LoggedFailureAndRecovery(daemon, daemon.FilePath);
        }
    }
}
