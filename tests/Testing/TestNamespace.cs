using System.Collections.Concurrent;
using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using static Testing.NativeMethods;

namespace Testing;

/// <summary>
/// A network namespace for a test on the real kernel, with loopback up. <see cref="Run{T}"/> runs code in it, on its own thread. Any thread may use the
/// sockets that are created there. The namespace ends when it is disposed and its last socket is closed.
/// </summary>
internal sealed class TestNamespace : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;
    private string _path = "";

    static TestNamespace()
    {
        // .NET starts its thread for socket events with the first socket. If that socket were in a namespace, the thread would stay there, and so would
        // the pool threads that it starts for other tests.
        new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp).Dispose();
    }

    /// <param name="connectionBuckets">
    /// The number of buckets of the namespace's connection table; few buckets make long chains. Null for the host's table.
    /// </param>
    internal TestNamespace(int? connectionBuckets = null)
    {
        Requires.Root();
        _thread = new Thread(Live) { IsBackground = true, Name = "test namespace" };
        _thread.Start();
        Run(() =>
        {
            Check(unshare(CLONE_NEWNET));
            if (connectionBuckets is { } buckets)
            {
                const string Sysctl = "/proc/sys/net/ipv4/tcp_child_ehash_entries";
                Requires.That(File.Exists(Sysctl), "this kernel has one table for all namespaces (before 6.1)");
                File.WriteAllText(Sysctl, $"{buckets}\n");
                Check(unshare(CLONE_NEWNET));
            }

            RaiseLoopback();
            // "PID/task/TID": the thread's own link in /proc/thread-self.
            _path = $"/proc/{new FileInfo("/proc/thread-self").LinkTarget}/ns/net";
        });
    }

    /// <summary>The path of the namespace's file; valid until it is disposed.</summary>
    internal string Path => _path;

    internal T Run<T>(Func<T> action)
    {
        TaskCompletionSource<T> result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                result.SetResult(action());
            }
            catch (Exception failure)
            {
                result.SetException(failure);
            }
        });
        try
        {
            return result.Task.Result;
        }
        catch (AggregateException failure)
        {
            ExceptionDispatchInfo.Throw(failure.InnerException!);
            throw;
        }
    }

    internal void Run(Action action) => Run(() =>
    {
        action();
        return true;
    });

    /// <summary>Starts another thread in this namespace.</summary>
    // setns and unshare change one thread. A new thread starts in the namespace of the thread that creates it.
    internal TestThread StartThread(Action action) => Run(() => TestThread.Start("test namespace, further thread", action));

    public void Dispose()
    {
        string[] bornHere = [];
        try
        {
            bornHere = Run(() => ThreadsThatServeAll().ToArray());
        }
        finally
        {
            _work.CompleteAdding();
            _thread.Join();
            _work.Dispose();
        }

        // The kernel removes a thread a moment after its end.
        SpinWait.SpinUntil(() => !File.Exists(_path), Poll.Timeout);
        Assert.Empty(bornHere);
    }

    /// <summary>The names of threads that are in this namespace, outlive it, and could create sockets for other tests.</summary>
    private static IEnumerable<string> ThreadsThatServeAll()
    {
        string? here = new FileInfo("/proc/thread-self/ns/net").LinkTarget;
        foreach (string thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            string name;
            try
            {
                if (new FileInfo($"{thread}/ns/net").LinkTarget != here)
                {
                    continue;
                }

                name = File.ReadAllText($"{thread}/comm").Trim();
            }
            catch (IOException)
            {
                // The thread has ended meanwhile.
                continue;
            }

            if (name is ".NET Sockets" or ".NET Timer" || name.StartsWith(".NET TP ", StringComparison.Ordinal))
            {
                yield return name;
            }
        }
    }

    private static void RaiseLoopback()
    {
        using Socket any = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        InterfaceFlags loopback = new() { Name = 'l' | ('o' << 8) };
        Check(ioctl(any.Handle, SIOCGIFFLAGS, ref loopback));
        loopback.Flags |= IFF_UP;
        Check(ioctl(any.Handle, SIOCSIFFLAGS, ref loopback));
    }

    private static void Check(int result)
    {
        if (result < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    private void Live()
    {
        foreach (Action action in _work.GetConsumingEnumerable())
        {
            action();
        }
    }
}
