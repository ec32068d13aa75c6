using System.Threading.Channels;
using Agent.Tasks;

namespace Agent.Tests.Hosting;

/// <summary>A task that does what the test tells it: it works, fails or ends when its turn comes.</summary>
internal sealed class FakeTask(string name, object? identity = null) : SupervisedTask
{
    private readonly Channel<Action> _turns = Channel.CreateUnbounded<Action>();
    private int _runs;
    private long _lastSign;

    internal override string Name => name;

    internal override string Duty => $"do {name}";

    internal override object Identity => identity ?? this;

    internal override TimeSpan LongestRetryDelay => Longest;

    internal TimeSpan Longest { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether it claims to hang at any time.</summary>
    internal bool AlwaysHangs { get; init; }

    internal override TimeSpan? HangTimeout => TimeSpan.FromSeconds(10);

    internal override bool IsHanging => AlwaysHangs || Time.GetElapsedTime(_lastSign) > HangTimeout;

    /// <summary>The clock by which it hangs.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    internal int Runs => Volatile.Read(ref _runs);

    internal bool IsOver { get; private set; }

    /// <summary>Is cancelled when it is told to end.</summary>
    internal CancellationToken Stopping { get; private set; }

    internal SupervisedTask? TakenOver { get; private set; }

    /// <summary>Whether it does not end when it is told to.</summary>
    internal bool IgnoresItsEnd { get; init; }

    internal Func<Exception, bool> Fatal { get; init; } = _ => false;

    /// <summary>What it does next: nothing is work, an exception is a failure.</summary>
    internal void Turn(Action action) => Assert.True(_turns.Writer.TryWrite(action));

    /// <summary>Ends it at last where it does not end when it is told to.</summary>
    internal void ComeToAnEnd() => Turn(Return);

    internal void Work() => Turn(() => { });

    internal void Fail(string reason) => Turn(() => throw new IOException(reason));

    internal override bool IsFatal(Exception failure) => Fatal(failure);

    internal override void Release() => IsOver = true;

    internal override void TakeOver(SupervisedTask former) => TakenOver = former;

    internal override async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        Stopping = stopping;
        _lastSign = Time.GetTimestamp();
        Interlocked.Increment(ref _runs);
        while (true)
        {
            Action turn = await _turns.Reader.ReadAsync(IgnoresItsEnd ? CancellationToken.None : stopping);
            if (turn == Return)
            {
                return;
            }

            turn();
            _lastSign = Time.GetTimestamp();
            succeeded();
        }
    }

    /// <summary>A turn in which it ends by itself.</summary>
    internal static void Return()
    {
    }
}
