using Agent.Platform;

namespace Agent.Publishing.Http;

/// <summary>
/// Something made of files, and made anew when they change, whichever way they do. The files are read and compared, at most once a second and
/// only when somebody asks: that sees a file written in place, one renamed over another and a symlink that leads elsewhere, and no watch to lose.
/// </summary>
/// <typeparam name="T">What is made.</typeparam>
internal sealed class FromFiles<T>
    where T : class
{
    private const int LargestFile = 1 << 20;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly string[] _files;
    private readonly Func<byte[][], T> _make;
    private readonly TimeProvider _time;
    private readonly Action<T> _renewed;
    private readonly Action<string> _failed;
    private byte[][] _contents;
    private volatile T _current;
    private long _looked;
    private string? _failure;

    /// <param name="files">The files.</param>
    /// <param name="make">Makes it of what is in them; throws a <see cref="FormatException"/> when that cannot be.</param>
    /// <param name="time">Says when to look again.</param>
    /// <param name="renewed">Is told of a new one that is in force.</param>
    /// <param name="failed">Is told, once, why there is no new one, and that the last one stays in force.</param>
    /// <exception cref="FormatException">A file cannot be read, or nothing be made of them; the message is one line.</exception>
    internal FromFiles(string[] files, Func<byte[][], T> make, TimeProvider time, Action<T> renewed, Action<string> failed)
    {
        (_files, _make, _time, _renewed, _failed) = (files, make, time, renewed, failed);
        _contents = [.. files.Select(Read)];
        _current = make(_contents);
        _looked = time.GetTimestamp();
    }

    /// <summary>The one in force.</summary>
    internal T Current
    {
        get
        {
            // Who finds another one looking goes on with what there is.
            if (_time.GetElapsedTime(Volatile.Read(ref _looked)) >= Pause && _gate.TryEnter())
            {
                try
                {
                    Look();
                }
                finally
                {
                    Volatile.Write(ref _looked, _time.GetTimestamp());
                    _gate.Exit();
                }
            }

            return _current;
        }
    }

    private void Look()
    {
        try
        {
            byte[][] contents = [.. _files.Select(Read)];
            bool changed = !contents.Zip(_contents).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));
            if (changed)
            {
                _current = _make(contents);
                _contents = contents;
            }

            if (changed || _failure is not null)
            {
                _failure = null;
                _renewed(_current);
            }
        }
        catch (FormatException wrong)
        {
            if (wrong.Message != _failure)
            {
                _failure = wrong.Message;
                _failed(wrong.Message);
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
                    throw new FormatException($"{path} has more than {LargestFile >> 20} MiB");
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
