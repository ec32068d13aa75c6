using Testing;
using static Testing.NativeMethods;

namespace Agent.Tests.Faults;

/// <summary>Kills the daemon with SIGKILL while others read its file. Only the rename decides what they read.</summary>
[Collection(Alone.Name)]
[StartsProgram]
public sealed class KilledTests : IDisposable
{
    private const int UsualRounds = 200;
    private const int Connections = 3;

    // In every tenth round, the daemon is killed during its start, and promtool checks its last file.
    private const int SpecialRound = 10;
    private const int TextsForPromtool = 20;

    // In milliseconds. A start takes about a tenth of a second, and an interval here is a millisecond: kills happen in both.
    private const int LongestStart = 150;
    private const int LongestLife = 30;
    private const int MostChecksForFile = 5_000;

    private static readonly TimeSpan ScrapePause = TimeSpan.FromMilliseconds(5);

    // Otherwise the runtime of a killed process leaves its diagnostic sockets in the temporary directory.
    private static readonly Dictionary<string, string> WithoutDiagnostics = new() { ["DOTNET_EnableDiagnostics"] = "0" };

    private readonly Scratch _scratch = new();
    private readonly TestNamespace _host = new();
    private readonly Random _random = FaultRun.Random();
    private readonly List<string> _lastTexts = [];
    private string[] _leftovers = [];
    private string _lastText = "";
    private volatile bool _published;
    private int _kills;
    private int _scrapes;
    private int _killsDuringWrite;
    private int _incomplete;

    private string File => _scratch["tcp_connections.prom"];

    [Fact]
    public async Task Killed_daemon_never_leaves_a_partial_file()
    {
        string promtool = Requires.Program("promtool", "prometheus");
        using Connections server = new(_host, 8500);
        server.Accept(Connections);
        using NodeExporter exporter = await NodeExporter.Start(_scratch.Path);
        ContinuousReader reader = new(File, text => ExpositionText.CheckWhole(text, Connections), TextsForPromtool, new Random(_random.Next()));

        int rounds = FaultRun.Rounds(UsualRounds);
        using (CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken))
        {
            Task[] readers = [reader.Run(stop.Token), ScrapeRepeatedly(exporter, stop.Token)];
            try
            {
                for (int round = 1; round <= rounds && !readers.Any(task => task.IsCompleted); round++)
                {
                    await StartAndKill(reader, round);
                }
            }
            finally
            {
                await stop.CancelAsync();
                await Task.WhenAll(readers);
                FaultRun.WriteLine(
                    $"{_kills} kills, {_killsDuringWrite} of them left a temporary file, {_incomplete} of those incomplete; "
                        + $"{reader.Reads} reads of {reader.Texts} texts; {_scrapes} scrapes");
            }
        }

        Assert.Equal(rounds, _kills);
        await StopLeavesNoFile();
        foreach (string text in reader.Kept.Concat(_lastTexts))
        {
            Assert.Equal((0, ""), await Tool.Run(promtool, ["check", "metrics"], text));
        }
    }

    public void Dispose()
    {
        _host.Dispose();
        _scratch.Dispose();
    }

    private AgentProcess Start() => AgentProcess.Start(
        ["--interval", "1ms", "--netns", _host.Path, "--textfile-directory", _scratch.Path], WithoutDiagnostics);

    private async Task StartAndKill(ContinuousReader reader, int round)
    {
        using AgentProcess agent = Start();
        if (round % SpecialRound == 0)
        {
            await Milliseconds(_random.Next(LongestStart));
        }
        else
        {
            await Published(agent);
            await (_random.Next(3) switch
            {
                0 => Milliseconds(_random.Next(LongestLife)),
                1 => MoreTexts(reader, _random.Next(LongestLife)),
                _ => TemporaryFileExists(),
            });
        }

        agent.Signal(SIGKILL);
        await agent.Exit();
        _kills++;
        CheckFiles(round);
    }

    /// <summary>Waits until this agent has published. By then it has removed the leftovers of the agent before it.</summary>
    private async Task Published(AgentProcess agent)
    {
        await Poll.Until(() => agent.HasExited || ExpositionText.Read(File) != _lastText, "the agent publishes");
        Assert.False(agent.HasExited, agent.Errors);
        Assert.DoesNotContain(_leftovers, System.IO.File.Exists);
        _published = true;
    }

    private static Task MoreTexts(ContinuousReader reader, int count)
    {
        long texts = reader.Texts + count;
        return Poll.Until(() => reader.Texts >= texts, "the reader sees more texts");
    }

    /// <summary>Waits without a pause for a temporary file, because it exists only for a moment.</summary>
    private Task TemporaryFileExists()
    {
        for (int look = 0; look < MostChecksForFile && !Directory.EnumerateFiles(_scratch.Path, "*.tmp").Any(); look++)
        {
            Thread.Yield();
        }

        return Task.CompletedTask;
    }

    private void CheckFiles(int round)
    {
        _lastText = ExpositionText.Read(File);
        if (_published)
        {
            ExpositionText.CheckWhole(_lastText, Connections);
        }

        if (_published && round % SpecialRound == 0)
        {
            _lastTexts.Add(_lastText);
        }

        // Only counted, because it depends on the moment. The numbers show that some kills happen during a write.
        string[] before = _leftovers;
        _leftovers = Directory.GetFiles(_scratch.Path, "*.tmp");
        string[] left = [.. _leftovers.Except(before)];
        _killsDuringWrite += left.Length > 0 ? 1 : 0;
        _incomplete += left.Count(path => !System.IO.File.ReadAllText(path).EndsWith("} 1\n", StringComparison.Ordinal));
    }

    private async Task ScrapeRepeatedly(NodeExporter exporter, CancellationToken stop)
    {
        using PeriodicTimer pause = new(ScrapePause);
        while (!stop.IsCancellationRequested)
        {
            bool published = _published;
            string scraped = await exporter.Scrape(CancellationToken.None);
            _scrapes++;
            Assert.Contains("\nnode_textfile_scrape_error 0\n", scraped);
            if (published)
            {
                Assert.Contains($"\ntcp_connections{{port=\"8500\",protocol=\"ipv4\"}} {Connections}\n", scraped);
            }

            await pause.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private async Task StopLeavesNoFile()
    {
        using AgentProcess last = Start();
        await Published(last);
        last.Signal(SIGTERM);
        Assert.Equal(0, await last.Exit());
        Assert.Empty(Directory.EnumerateFileSystemEntries(_scratch.Path));
    }

    private static async Task Milliseconds(int count)
    {
        if (count > 0)
        {
            using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(count));
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }
}
