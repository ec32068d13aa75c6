using System.Runtime.ExceptionServices;

namespace Testing;

/// <summary>A thread of a test. <see cref="Join"/> throws its exception in the test; unhandled, the exception would end the whole run.</summary>
internal sealed class TestThread
{
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;

    private TestThread(Action action, string name) => _thread = new Thread(() =>
    {
        try
        {
            action();
        }
        catch (Exception failure)
        {
            _failure = ExceptionDispatchInfo.Capture(failure);
        }
    })
    {
        IsBackground = true,
        Name = name,
    };

    internal static TestThread Start(string name, Action action)
    {
        TestThread thread = new(action, name);
        thread._thread.Start();
        return thread;
    }

    /// <summary>Waits for its end and throws its exception.</summary>
    internal void Join()
    {
        _thread.Join();
        _failure?.Throw();
    }
}
