using Testing;
using static Testing.Replies;

namespace Agent.Tests.Faults;

/// <summary>How a kernel answers for a while.</summary>
/// <param name="Answer">The script of one request.</param>
/// <param name="Pace">How long it takes to send and to receive a datagram.</param>
internal sealed record KernelBehavior(Func<ScriptedKernel> Answer, TimeSpan Pace)
{
    private const int ENOENT = 2;
    private const int EINTR = 4;
    private const int EAGAIN = 11;
    private const int ENOMEM = 12;
    private const int EPERM = 1;
    private const int EOPNOTSUPP = 95;
    private const int ENOBUFS = 105;
    private const uint AnotherProcess = 1234;

    // As long as the real socket waits for an answer.
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);

    private static ulong _cookie;

    /// <summary>Moods in which nothing can be measured, by what the kernel does.</summary>
    internal static readonly IReadOnlyDictionary<string, KernelBehavior> Bad = new Dictionary<string, KernelBehavior>
    {
        ["hangs"] = Slowly(() => new ScriptedKernel().FailForEver(EAGAIN)),
        ["hangs half way"] = Slowly(() => Begun().FailForEver(EAGAIN)),
        ["is interrupted for ever"] = Slowly(() => Begun().FailForEver(EINTR)),
        ["cannot send for signals"] = Slowly(() => new ScriptedKernel { SendResult = -EINTR }),
        ["floods"] = Slowly(() => new ScriptedKernel().ForEver(n => Socket(n, Interlocked.Increment(ref _cookie)))),
        ["floods with one socket"] = Slowly(() => new ScriptedKernel().ForEver(n => Socket(n, 1))),
        ["floods with nothing"] = Slowly(() => Begun().ForEver(_ => [])),
        ["lets another process flood"] = Slowly(() => Begun().ForEver(n => [.. Socket(n, 9), .. Done(n)], AnotherProcess)),
        ["loses replies"] = Quickly(() => Begun().FailForEver(ENOBUFS)),
        ["tells of an overrun"] = Quickly(() => Begun().ForEver(n => Message(4, Multi, n, []))),
        ["changes its table under the dump"] = Quickly(() => Begun().ForEver(n => Socket(n, 2, flags: Multi | DumpInterrupted))),
        ["answers another request"] = Quickly(() => Begun().ForEver(n => Done(n + 1))),
        ["answers another socket"] = Quickly(() => Begun().ForEver(n => Message(3, Multi, n, new byte[4], portId: 1))),
        ["says that a message is empty"] = Quickly(() => Begun().ForEver(n => OfLength(n, 0))),
        ["says that a message is shorter than its header"] = Quickly(() => Begun().ForEver(n => OfLength(n, 15))),
        ["says that a message is longer than its datagram"] = Quickly(() => Begun().ForEver(n => OfLength(n, 92))),
        ["says that a message is of 4 GiB"] = Quickly(() => Begun().ForEver(n => OfLength(n, uint.MaxValue))),
        ["cuts a message short"] = Quickly(() => Begun().ForEver(n => Socket(n, 2)[..80])),
        ["sends a datagram that is too long"] = Quickly(() => Begun().ForEver(_ => new byte[2_000_000])),
        ["sends an unknown message"] = Quickly(() => Begun().ForEver(n => Message(77, Multi, n, []))),
        ["sends a socket of no family"] = Quickly(() => Begun().ForEver(n => Message(Legacy, Multi, n, new byte[72]))),
        ["sends noise"] = Quickly(() => Begun().ForEver(_ => Noise())),
        ["fails at the end"] = Quickly(() => Begun().ForEver(n => Done(n, ENOENT))),
        ["refuses"] = Quickly(() => new ScriptedKernel().ForEver(n => Error(n, EPERM, "no"))),
        ["knows no request"] = Quickly(() => new ScriptedKernel().ForEver(n => Error(n, EOPNOTSUPP))),
        ["takes no request"] = Quickly(() => new ScriptedKernel { SendResult = -ENOMEM }),
        ["breaks down"] = Quickly(Begun),
    };

    /// <summary>It answers truly: so many connections.</summary>
    internal static KernelBehavior Holding(int connections) => Quickly(() => Telling(new ScriptedKernel(), connections));

    /// <summary>It loses what it says to one or two requests, which a census asks again, and answers truly then.</summary>
    internal static KernelBehavior Stumbling(int connections, int times)
    {
        int left = times;
        return Quickly(() => left-- > 0 ? Begun().FailForEver(ENOBUFS) : Telling(new ScriptedKernel(), connections));
    }

    /// <summary>Signals and another process's lies come between its true words.</summary>
    internal static KernelBehavior Disturbed(int connections) => Quickly(() =>
        Telling(new ScriptedKernel().Fail(EINTR).Reply(n => [.. Socket(n, 999), .. Done(n)], AnotherProcess).Fail(EINTR), connections));

    private static KernelBehavior Slowly(Func<ScriptedKernel> answer) => new(answer, Slow);

    private static KernelBehavior Quickly(Func<ScriptedKernel> answer) => new(answer, TimeSpan.Zero);

    private static ScriptedKernel Telling(ScriptedKernel kernel, int connections) => kernel
        .Reply(n => [.. Enumerable.Range(1, connections).SelectMany(i => Socket(n, (ulong)i))])
        .Reply(n => Done(n));

    /// <summary>A good beginning, of which nothing may be counted.</summary>
    private static ScriptedKernel Begun() => new ScriptedKernel().Reply(n => Socket(n, 1));

    private static byte[] OfLength(uint sequence, uint length)
    {
        byte[] message = Socket(sequence, 2);
        BitConverter.GetBytes(length).CopyTo(message, 0);
        return message;
    }

    private static byte[] Noise()
    {
        byte[] noise = new byte[Random.Shared.Next(1, 5000)];
        Random.Shared.NextBytes(noise);
        return noise;
    }
}
