namespace Agent.Tests.Faults;

/// <summary>Reads the published file many times a millisecond, much more often than a scraper, and checks each new text.</summary>
internal sealed class ContinuousReader(string file, Action<string> check, int keep, Random random)
{
    private const int ReadsInARow = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    private readonly List<string> _kept = [];
    private string _last = "";
    private long _reads;
    private long _texts;

    /// <summary>The number of reads.</summary>
    internal long Reads => Interlocked.Read(ref _reads);

    /// <summary>The number of texts that differed from the text before. No text occurs twice, because each one contains the time.</summary>
    internal long Texts => Interlocked.Read(ref _texts);

    /// <summary>A random sample of the texts. It is complete when the reader has ended.</summary>
    internal IReadOnlyList<string> Kept => _kept;

    /// <summary>Reads until the token is cancelled. Fails at the first text that the check rejects.</summary>
    internal Task Run(CancellationToken stop) => Task.Run(() => ReadUntilCancelled(stop), CancellationToken.None);

    private async Task ReadUntilCancelled(CancellationToken stop)
    {
        using PeriodicTimer pause = new(Pause);
        while (!stop.IsCancellationRequested)
        {
            for (int i = 0; i < ReadsInARow; i++)
            {
                Read();
            }

            // Without the pause, the readers would leave no processor for the writer.
            await pause.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private void Read()
    {
        try
        {
            string text = File.ReadAllText(file);
            Interlocked.Increment(ref _reads);
            if (text != _last || text.Length == 0)
            {
                check(text);
                _last = text;
                Keep(text);
            }
        }
        catch (FileNotFoundException) when (_last.Length == 0)
        {
            // Nothing has been published yet. Later the file always exists, because it is replaced and never removed.
        }
    }

    private void Keep(string text)
    {
        long seen = Interlocked.Increment(ref _texts);
        if (_kept.Count < keep)
        {
            _kept.Add(text);
        }
        else if (random.NextInt64(seen) is long place && place < keep)
        {
            _kept[(int)place] = text;
        }
    }
}
