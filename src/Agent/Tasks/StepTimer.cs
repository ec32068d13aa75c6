namespace Agent.Tasks;

/// <summary>Measures the step of a task that runs now, for <see cref="SupervisedTask.IsHanging"/>. One step at a time.</summary>
internal sealed class StepTimer(TimeProvider time)
{
    // 0 between steps.
    private long _begunAt;

    /// <summary>Begins a step, which ends when the result is disposed of.</summary>
    internal Step Begin()
    {
        Volatile.Write(ref _begunAt, Math.Max(1, time.GetTimestamp()));
        return new Step(this);
    }

    /// <summary>Whether a step runs, and for longer than this.</summary>
    internal bool IsLongerThan(TimeSpan length) => Volatile.Read(ref _begunAt) is not 0 and long begunAt && time.GetElapsedTime(begunAt) > length;

    /// <summary>The step that runs.</summary>
    internal readonly struct Step(StepTimer timer) : IDisposable
    {
        public void Dispose() => Volatile.Write(ref timer._begunAt, 0);
    }
}
