using Testing;
using static Testing.Replies;

namespace Agent.Tests.Faults;

/// <summary>The answers of a scripted kernel for a while.</summary>
/// <param name="Answer">The script of one request.</param>
/// <param name="Delay">The time that each send and each receive takes.</param>
internal sealed record KernelBehavior(Func<ScriptedKernel> Answer, TimeSpan Delay)
{
    private const int ENOENT = 2;
    private const int EINTR = 4;
    private const int EAGAIN = 11;
    private const int ENOMEM = 12;
    private const int EPERM = 1;
    private const int EOPNOTSUPP = 95;
    private const int ENOBUFS = 105;
    private const uint AnotherProcess = 1234;

    // The receive timeout of the real socket.
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);

    private static ulong _cookie;

    /// <summary>Behavior with which nothing can be measured, by description.</summary>
    internal static readonly IReadOnlyDictionary<string, KernelBehavior> Faulty = new Dictionary<string, KernelBehavior>
    {
        ["hangs"] = Slowly(() => new ScriptedKernel().FailForEver(EAGAIN)),
        ["hangs half way"] = Slowly(() => Started().FailForEver(EAGAIN)),
        ["is interrupted endlessly"] = Slowly(() => Started().FailForEver(EINTR)),
        ["interrupts every send"] = Slowly(() => new ScriptedKernel { SendResult = -EINTR }),
        ["floods"] = Slowly(() => new ScriptedKernel().ForEver(n => Socket(n, Interlocked.Increment(ref _cookie)))),
        ["floods with one socket"] = Slowly(() => new ScriptedKernel().ForEver(n => Socket(n, 1))),
        ["floods with nothing"] = Slowly(() => Started().ForEver(_ => [])),
        ["lets another process flood the socket"] = Slowly(() => Started().ForEver(n => [.. Socket(n, 9), .. Done(n)], AnotherProcess)),
        ["loses replies"] = Quickly(() => Started().FailForEver(ENOBUFS)),
        ["reports an overrun"] = Quickly(() => Started().ForEver(n => Message(4, Multi, n, []))),
        ["changes its table during the dump"] = Quickly(() => Started().ForEver(n => Socket(n, 2, flags: Multi | DumpInterrupted))),
        ["answers another request"] = Quickly(() => Started().ForEver(n => Done(n + 1))),
        ["answers another socket"] = Quickly(() => Started().ForEver(n => Message(3, Multi, n, new byte[4], portId: 1))),
        ["sends a message of length 0"] = Quickly(() => Started().ForEver(n => OfLength(n, 0))),
        ["sends a message that is shorter than its header"] = Quickly(() => Started().ForEver(n => OfLength(n, 15))),
        ["sends a message that is longer than its datagram"] = Quickly(() => Started().ForEver(n => OfLength(n, 92))),
        ["sends a message of length 4 GiB"] = Quickly(() => Started().ForEver(n => OfLength(n, uint.MaxValue))),
        ["truncates a message"] = Quickly(() => Started().ForEver(n => Socket(n, 2)[..80])),
        ["sends a datagram that is too long"] = Quickly(() => Started().ForEver(_ => new byte[2_000_000])),
        ["sends an unknown message"] = Quickly(() => Started().ForEver(n => Message(77, Multi, n, []))),
        ["sends a socket of no family"] = Quickly(() => Started().ForEver(n => Message(Legacy, Multi, n, new byte[72]))),
        ["sends random bytes"] = Quickly(() => Started().ForEver(_ => RandomBytes())),
        ["fails at the end"] = Quickly(() => Started().ForEver(n => Done(n, ENOENT))),
        ["refuses"] = Quickly(() => new ScriptedKernel().ForEver(n => Error(n, EPERM, "no"))),
        ["supports no request"] = Quickly(() => new ScriptedKernel().ForEver(n => Error(n, EOPNOTSUPP))),
        ["has no memory for the request"] = Quickly(() => new ScriptedKernel { SendResult = -ENOMEM }),
        ["throws an exception"] = Quickly(Started),
    };

    /// <summary>Answers correctly with this many connections.</summary>
    internal static KernelBehavior Holding(int connections) => Quickly(() => Sending(new ScriptedKernel(), connections));

    /// <summary>Loses the replies to one or two requests, which the census repeats, and then answers correctly.</summary>
    internal static KernelBehavior Stumbling(int connections, int times)
    {
        int left = times;
        return Quickly(() => left-- > 0 ? Started().FailForEver(ENOBUFS) : Sending(new ScriptedKernel(), connections));
    }

    /// <summary>Answers correctly. Signals and false replies of another process come in between.</summary>
    internal static KernelBehavior Disturbed(int connections) => Quickly(() =>
        Sending(new ScriptedKernel().Fail(EINTR).Reply(n => [.. Socket(n, 999), .. Done(n)], AnotherProcess).Fail(EINTR), connections));

    private static KernelBehavior Slowly(Func<ScriptedKernel> answer) => new(answer, Slow);

    private static KernelBehavior Quickly(Func<ScriptedKernel> answer) => new(answer, TimeSpan.Zero);

    private static ScriptedKernel Sending(ScriptedKernel kernel, int connections) => kernel
        .Reply(n => [.. Enumerable.Range(1, connections).SelectMany(i => Socket(n, (ulong)i))])
        .Reply(n => Done(n));

    /// <summary>A correct first reply. Nothing of it may be counted.</summary>
    private static ScriptedKernel Started() => new ScriptedKernel().Reply(n => Socket(n, 1));

    private static byte[] OfLength(uint sequence, uint length)
    {
        byte[] message = Socket(sequence, 2);
        BitConverter.GetBytes(length).CopyTo(message, 0);
        return message;
    }

    private static byte[] RandomBytes()
    {
        byte[] bytes = new byte[Random.Shared.Next(1, 5000)];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }
}
