using Agent.Platform;

namespace Agent.Publishing.Http;

/// <summary>
/// A value parsed from one or more files, and parsed again when their content changes. <see cref="Current"/> reads and compares the files at most
/// once a second. Unlike inotify, this notices every kind of change: a file written in place, a rename over it, a symlink to another target.
/// </summary>
/// <typeparam name="T">The type of the value.</typeparam>
internal sealed class ReloadingFile<T>
    where T : class
{
    private const int LargestFile = 1 << 20;
    private static readonly TimeSpan CheckPeriod = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly string[] _files;
    private readonly Func<byte[][], T> _parse;
    private readonly TimeProvider _time;
    private readonly Action<T> _onReload;
    private readonly Action<string> _onFailure;
    private byte[][] _contents;
    private volatile T _current;
    private long _checkedAt;
    private string? _failure;

    /// <param name="files">The files.</param>
    /// <param name="parse">Parses the contents of the files; throws a <see cref="FormatException"/> if they are wrong.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onReload">Called with each new value, and with the current value when a failure ends.</param>
    /// <param name="onFailure">Called with the reason when a reload fails for a new reason. The previous value stays in use.</param>
    /// <exception cref="FormatException">A file cannot be read or parsed; the message is one line.</exception>
    internal ReloadingFile(string[] files, Func<byte[][], T> parse, TimeProvider time, Action<T> onReload, Action<string> onFailure)
    {
        (_files, _parse, _time, _onReload, _onFailure) = (files, parse, time, onReload, onFailure);
        _contents = [.. files.Select(Read)];
        _current = parse(_contents);
        _checkedAt = time.GetTimestamp();
    }

    /// <summary>The latest value that could be parsed. Any number of threads may read it.</summary>
    internal T Current
    {
        get
        {
            // While another thread checks the files, this one returns the value that it has.
            if (_time.GetElapsedTime(Volatile.Read(ref _checkedAt)) >= CheckPeriod && _gate.TryEnter())
            {
                try
                {
                    ReloadIfChanged();
                }
                finally
                {
                    Volatile.Write(ref _checkedAt, _time.GetTimestamp());
                    _gate.Exit();
                }
            }

            return _current;
        }
    }

    private void ReloadIfChanged()
    {
        try
        {
            byte[][] contents = [.. _files.Select(Read)];
            bool changed = !contents.Zip(_contents).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));
            if (changed)
            {
                _current = _parse(contents);
                _contents = contents;
            }

            if (changed || _failure is not null)
            {
                _failure = null;
                _onReload(_current);
            }
        }
        catch (FormatException wrong)
        {
            if (wrong.Message != _failure)
            {
                _failure = wrong.Message;
                _onFailure(wrong.Message);
            }
        }
    }

    private static byte[] Read(string path)
    {
        try
        {
            using FileStream file = RegularFile.OpenRead(path);
            using MemoryStream content = new();
            byte[] buffer = new byte[4096];
            for (int read; (read = file.Read(buffer)) > 0;)
            {
                content.Write(buffer, 0, read);
                if (content.Length > LargestFile)
                {
                    throw new FormatException($"{path} is larger than {LargestFile >> 20} MiB");
                }
            }

            return content.ToArray();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"{path} cannot be read: {failure.Message}");
        }
    }
}
