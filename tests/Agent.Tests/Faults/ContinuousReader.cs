namespace Agent.Tests.Faults;

/// <summary>Reads the published file many times a millisecond, as no scraper does, and looks at each text that it has not seen before.</summary>
internal sealed class ContinuousReader(string file, Action<string> check, int keep, Random random)
{
    private const int ReadsInARow = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    private readonly List<string> _kept = [];
    private string _last = "";
    private long _reads;
    private long _texts;

    /// <summary>How often the file was read.</summary>
    internal long Reads => Interlocked.Read(ref _reads);

    /// <summary>How many texts were seen that differ from the one before. No text comes back: the time is in it.</summary>
    internal long Texts => Interlocked.Read(ref _texts);

    /// <summary>Some of the texts, each with the same chance to be among them; to be read when the reader has ended.</summary>
    internal IReadOnlyList<string> Kept => _kept;

    /// <summary>Reads until it is told to end; fails at the first text that is not as it should be.</summary>
    internal Task Run(CancellationToken stop) => Task.Run(() => ReadOn(stop), CancellationToken.None);

    private async Task ReadOn(CancellationToken stop)
    {
        using PeriodicTimer pause = new(Pause);
        while (!stop.IsCancellationRequested)
        {
            for (int i = 0; i < ReadsInARow; i++)
            {
                Read();
            }

            // Without it the readers would leave the writer no processor to be killed on.
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
            // Nothing has been published yet. Later the file is there whatever happens: it is replaced and never removed.
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
