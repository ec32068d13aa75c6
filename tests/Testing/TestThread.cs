using System.Runtime.ExceptionServices;

namespace Testing;

/// <summary>A thread of a test's own. What it fails with, the test fails with that joins it; by itself it would end the whole run.</summary>
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

    /// <summary>Waits for its end, and throws what it ended with.</summary>
    internal void Join()
    {
        _thread.Join();
        _failure?.Throw();
    }
}
