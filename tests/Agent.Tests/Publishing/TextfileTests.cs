using System.Text;
using Agent.Publishing;
using Testing;

namespace Agent.Tests.Publishing;

public sealed class TextfileTests
{
    private const UnixFileMode Mode0644 =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const UnixFileMode Mode0755 =
        Mode0644 | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    [Fact]
    public void File_is_readable_by_all_and_no_other_file_ends_in_prom()
    {
        using Scratch scratch = new();
        using Textfile textfile = new(scratch.Path);
        Write(textfile, "one\n");
        Write(textfile, "two\n");

        Assert.Equal("two\n", File.ReadAllText(scratch["tcp_connections.prom"]));
        Assert.Equal(Mode0644, File.GetUnixFileMode(scratch["tcp_connections.prom"]));
        Assert.Equal(["tcp_connections.prom", "tcp_connections.prom.lock"], Names(scratch.Path));
    }

    [Fact]
    public void Missing_directory_is_created_readable_for_others()
    {
        using Scratch scratch = new();
        using Textfile textfile = new(scratch["a/b"]);
        Write(textfile, "text\n");
        Assert.Equal(Mode0755, File.GetUnixFileMode(scratch["a"]));
        Assert.Equal(Mode0755, File.GetUnixFileMode(scratch["a/b"]));
        Assert.Equal("text\n", File.ReadAllText(scratch["a/b/tcp_connections.prom"]));
    }

    [Fact]
    public void Leftovers_of_a_killed_agent_are_removed_and_other_files_are_not()
    {
        using Scratch scratch = new();
        foreach (string name in (string[])["tcp_connections.prom.abc.tmp", "tcp_connections.prom.lock", "tcp_connections.prom.mine", "other.tmp", "other.prom"])
        {
            File.WriteAllText(scratch[name], "left");
        }

        using Textfile textfile = new(scratch.Path);
        textfile.Acquire();
        Assert.Equal(["other.prom", "other.tmp", "tcp_connections.prom.lock", "tcp_connections.prom.mine"], Names(scratch.Path));
    }

    [Fact]
    public void Second_agent_is_rejected_until_the_first_one_ends()
    {
        using Scratch scratch = new();
        using Textfile second = new(scratch.Path);
        using (Textfile first = new(scratch.Path))
        {
            Write(first, "first\n");
            TextfileTakenException taken = Assert.Throws<TextfileTakenException>(() => Write(second, "second\n"));
            Assert.Equal(
                $"another agent already writes {first.FilePath}; stop it, or give this one another --textfile-directory", taken.Message);
            Assert.Equal("first\n", File.ReadAllText(first.FilePath));
        }

        Write(second, "second\n");
        Assert.Equal("second\n", File.ReadAllText(second.FilePath));
    }

    [Fact]
    public void Planted_symlinks_are_not_followed()
    {
        using Scratch scratch = new();
        string directory = scratch["shared"];
        Directory.CreateDirectory(directory);
        string victim = scratch["victim"];
        string notThere = scratch["not-there"];
        File.WriteAllText(victim, "precious");
        File.CreateSymbolicLink(Path.Combine(directory, "tcp_connections.prom"), victim);
        File.CreateSymbolicLink(Path.Combine(directory, "tcp_connections.prom.x.tmp"), victim);

        using (Textfile textfile = new(directory))
        {
            Write(textfile, "text\n");
        }

        Assert.Equal("precious", File.ReadAllText(victim));
        Assert.Null(new FileInfo(Path.Combine(directory, "tcp_connections.prom")).LinkTarget);
        Assert.Equal("text\n", File.ReadAllText(Path.Combine(directory, "tcp_connections.prom")));

        File.CreateSymbolicLink(Path.Combine(directory, "tcp_connections.prom.lock"), notThere);
        using Textfile locked = new(directory);
        IOException refused = Assert.ThrowsAny<IOException>(() => Write(locked, "text\n"));
        Assert.Contains("Too many levels of symbolic links", refused.Message);
        Assert.False(File.Exists(notThere));
    }

    [Fact]
    public async Task Planted_pipe_in_place_of_the_lock_does_not_block()
    {
        using Scratch scratch = new();
        (int made, _) = await Tool.Run("mkfifo", [scratch["tcp_connections.prom.lock"]]);
        Assert.Equal(0, made);
        using Textfile textfile = new(scratch.Path);
        Write(textfile, "text\n");
        Assert.Equal("text\n", File.ReadAllText(textfile.FilePath));
    }

    [Fact]
    public void Lock_can_be_opened_only_by_the_agents_user()
    {
        using Scratch scratch = new();
        using Textfile textfile = new(scratch.Path);
        Write(textfile, "");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(scratch["tcp_connections.prom.lock"]));
    }

    [Fact]
    public void Directory_that_others_may_write_is_reported()
    {
        using Scratch scratch = new();
        using Textfile closed = new(scratch.Path);
        Write(closed, "");
        Assert.Null(closed.Danger);

        Directory.CreateDirectory(scratch["open"]);
        File.SetUnixFileMode(scratch["open"], Mode0755 | UnixFileMode.OtherWrite);
        using Textfile open = new(scratch["open"]);
        Write(open, "");
        Assert.Equal($"{scratch["open"]} may be written by every user; chmod o-w it", open.Danger);
    }

    [Fact]
    public void Removed_directory_is_created_again()
    {
        using Scratch scratch = new();
        string directory = scratch["gone"];
        using Textfile textfile = new(directory);
        Write(textfile, "one\n");
        Directory.Delete(directory, recursive: true);

        Write(textfile, "two\n");

        Assert.Equal("two\n", File.ReadAllText(textfile.FilePath));
        using Textfile second = new(directory);
        Assert.Throws<TextfileTakenException>(() => Write(second, ""));
    }

    [Fact]
    public void File_in_place_of_the_directory_is_an_error_and_is_not_changed()
    {
        using Scratch scratch = new();
        File.WriteAllText(scratch["file"], "precious");
        using Textfile textfile = new(scratch["file"]);
        Assert.ThrowsAny<IOException>(() => Write(textfile, ""));
        Assert.Equal("precious", File.ReadAllText(scratch["file"]));
    }

    [Fact]
    public async Task Full_disk_keeps_the_old_file_until_there_is_space_and_leaves_no_temporary_file()
    {
        using Scratch scratch = new();
        await using SmallDisk disk = await SmallDisk.Mount(scratch["disk"]);
        using Textfile textfile = new(disk.Path);
        Write(textfile, "old\n");
        disk.Fill();

        IOException full = Assert.ThrowsAny<IOException>(() => Write(textfile, new string('x', 20_000)));
        Assert.Contains("No space left on device", full.Message);
        Assert.Equal("old\n", File.ReadAllText(textfile.FilePath));
        Assert.Equal(["filler", "tcp_connections.prom", "tcp_connections.prom.lock"], Names(disk.Path));

        disk.Free();
        Write(textfile, "new\n");
        Assert.Equal("new\n", File.ReadAllText(textfile.FilePath));
    }

    [Fact]
    public async Task Read_only_directory_is_an_error_until_it_is_writable()
    {
        using Scratch scratch = new();
        await using SmallDisk disk = await SmallDisk.Mount(scratch["disk"]);
        using Textfile textfile = new(disk.Path);
        Write(textfile, "old\n");
        await disk.Remount("ro");
        Assert.ThrowsAny<IOException>(() => Write(textfile, "new\n"));
        await disk.Remount("rw");
        Write(textfile, "new\n");
        Assert.Equal("new\n", File.ReadAllText(textfile.FilePath));
    }

    [Fact]
    public void Removed_textfile_is_not_written_again()
    {
        using Scratch scratch = new();
        using Textfile textfile = new(scratch.Path);
        Write(textfile, "text\n");
        textfile.Remove();
        Write(textfile, "late\n");
        Assert.Empty(Names(scratch.Path));
    }

    [Fact]
    public void File_of_another_agent_is_not_removed()
    {
        using Scratch scratch = new();
        using Textfile mine = new(scratch.Path);
        using Textfile other = new(scratch.Path);
        Write(other, "other\n");
        mine.Remove();
        Assert.Equal("other\n", File.ReadAllText(other.FilePath));
    }

    private static void Write(Textfile textfile, string text) => textfile.Write(Encoding.UTF8.GetBytes(text));

    private static IEnumerable<string> Names(string directory) =>
        Directory.EnumerateFileSystemEntries(directory).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal);
}
