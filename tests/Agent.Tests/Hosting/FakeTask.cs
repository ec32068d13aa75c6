using System.Threading.Channels;
using Agent.Tasks;

namespace Agent.Tests.Hosting;

/// <summary>A task that a test controls step by step: a step succeeds, fails or ends the task.</summary>
internal sealed class FakeTask(string name, object? identity = null) : SupervisedTask
{
    private readonly Channel<Action> _steps = Channel.CreateUnbounded<Action>();
    private int _runs;
    private long _lastProgress;

    internal override string Name => name;

    internal override string Duty => $"do {name}";

    internal override object Identity => identity ?? this;

    internal override TimeSpan LongestRetryDelay => Longest;

    internal TimeSpan Longest { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether it claims to hang at any time.</summary>
    internal bool AlwaysHangs { get; init; }

    internal override TimeSpan? HangTimeout => TimeSpan.FromSeconds(10);

    internal override bool IsHanging => AlwaysHangs || Time.GetElapsedTime(_lastProgress) > HangTimeout;

    /// <summary>The clock that decides whether it hangs.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    internal int Runs => Volatile.Read(ref _runs);

    internal bool IsReleased { get; private set; }

    /// <summary>Cancelled when the supervisor stops the task.</summary>
    internal CancellationToken Stopping { get; private set; }

    internal SupervisedTask? TakenOver { get; private set; }

    /// <summary>Whether it keeps running after the supervisor has stopped it.</summary>
    internal bool IgnoresStop { get; init; }

    internal Func<Exception, bool> Fatal { get; init; } = _ => false;

    /// <summary>Adds a step. The step succeeds, or fails with the exception that the action throws.</summary>
    internal void Do(Action action) => Assert.True(_steps.Writer.TryWrite(action));

    /// <summary>Ends the task, also if it ignores the stop.</summary>
    internal void End() => Do(EndByItself);

    internal void Succeed() => Do(() => { });

    internal void Fail(string reason) => Do(() => throw new IOException(reason));

    internal override bool IsFatal(Exception failure) => Fatal(failure);

    internal override void Release() => IsReleased = true;

    internal override void TakeOver(SupervisedTask former) => TakenOver = former;

    internal override async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        Stopping = stopping;
        _lastProgress = Time.GetTimestamp();
        Interlocked.Increment(ref _runs);
        while (true)
        {
            Action step = await _steps.Reader.ReadAsync(IgnoresStop ? CancellationToken.None : stopping);
            if (step == EndByItself)
            {
                return;
            }

            step();
            _lastProgress = Time.GetTimestamp();
            succeeded();
        }
    }

    /// <summary>The step with which the task ends by itself.</summary>
    internal static void EndByItself()
    {
    }
}
