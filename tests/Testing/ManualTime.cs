namespace Testing;

/// <summary>A clock that a test advances. Timers fire on the thread that advances it.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private TimeSpan _elapsed;

    internal DateTimeOffset Wall { get; set; } = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>The time until the next timer; null if there is none.</summary>
    internal TimeSpan? UntilNext
    {
        get
        {
            lock (_gate)
            {
                TimeSpan next = _timers.Select(timer => timer.Due).DefaultIfEmpty(TimeSpan.MaxValue).Min();
                return next == TimeSpan.MaxValue ? null : next - _elapsed;
            }
        }
    }

    /// <summary>The number of timers that are set and have not fired.</summary>
    internal int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _timers.Count(timer => timer.Due != TimeSpan.MaxValue);
            }
        }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Wall;

    public override long GetTimestamp()
    {
        lock (_gate)
        {
            return _elapsed.Ticks;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ManualTimer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        lock (_gate)
        {
            _timers.Add(timer);
        }

        return timer;
    }

    /// <summary>Advances the clock in one step, like a machine that was suspended: each timer fires at most once.</summary>
    internal void Leap(TimeSpan by)
    {
        ManualTimer[] due;
        lock (_gate)
        {
            _elapsed += by;
            Wall += by;
            due = [.. _timers.Where(timer => timer.Due <= _elapsed)];
        }

        foreach (ManualTimer timer in due)
        {
            timer.Fire();
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        internal TimeSpan Due { get; private set; } = TimeSpan.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                _period = period;
                Due = dueTime == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : time._elapsed + dueTime;
            }

            return true;
        }

        public void Dispose()
        {
            lock (time._gate)
            {
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        internal void Fire()
        {
            lock (time._gate)
            {
                // The next time on the grid that is still to come.
                while (Due <= time._elapsed)
                {
                    Due = _period > TimeSpan.Zero ? Due + _period : TimeSpan.MaxValue;
                }
            }

            callback(state);
        }
    }
}
