using System.Collections.Immutable;

namespace Agent.Readings;

/// <summary>
/// The values of the last steps of time, for several kinds of values. A step begins at a multiple of its length on the clock; the step that is
/// not over yet is the last one. Memory for a kind is taken with its first value.
/// </summary>
/// <param name="step">The length of a step.</param>
/// <param name="ticksPerStep">The same in the units of the clock's timestamps.</param>
/// <param name="steps">How many steps are kept.</param>
/// <param name="kinds">How many kinds of values there are.</param>
internal sealed class ValueRing(TimeSpan step, long ticksPerStep, int steps, int kinds)
{
    private const int Absent = int.MinValue;

    // By kind; the value of a step lies at its number modulo the length.
    private readonly int[]?[] _values = new int[]?[kinds];
    private long _latest = long.MinValue;

    internal TimeSpan Step => step;

    /// <summary>The memory that all kinds take together, in bytes.</summary>
    internal long Bytes => (long)kinds * steps * sizeof(int);

    /// <summary>When the step of this moment began; both are timestamps of the clock.</summary>
    internal long StartOfLatest(long now) => now / ticksPerStep * ticksPerStep;

    /// <summary>Adds a value; of several in one step the highest stays.</summary>
    /// <param name="now">A timestamp of the clock, not before that of an earlier call.</param>
    /// <param name="kind">The kind of the value.</param>
    /// <param name="value">The value.</param>
    internal void Add(long now, int kind, int value)
    {
        Advance(now);
        SetAtLeast(now / ticksPerStep, kind, value);
    }

    /// <summary>The values of one kind, the oldest first; null in steps that have none.</summary>
    internal ImmutableArray<int?> Values(long now, int kind)
    {
        Advance(now);
        ImmutableArray<int?>.Builder values = ImmutableArray.CreateBuilder<int?>(steps);
        for (long number = _latest - steps + 1; number <= _latest; number++)
        {
            values.Add(_values[kind] is { } known && number >= 0 && known[number % steps] is not Absent and int value ? value : null);
        }

        return values.MoveToImmutable();
    }

    /// <summary>Takes over the values of a ring that may have steps of another length.</summary>
    /// <returns>The ring to use from now on.</returns>
    internal ValueRing TakeOver(ValueRing former, long now)
    {
        if (former.IsLike(this))
        {
            return former;
        }

        former.Advance(now);
        Advance(now);
        for (int kind = 0; kind < kinds; kind++)
        {
            for (long number = Math.Max(0, former._latest - former.Steps + 1); number <= former._latest; number++)
            {
                if (former._values[kind] is { } known && known[number % former.Steps] is not Absent and int value)
                {
                    SpreadOver(number * former.TicksPerStep, Math.Min((number + 1) * former.TicksPerStep, now + 1), kind, value);
                }
            }
        }

        return this;
    }

    private int Steps => steps;

    private long TicksPerStep => ticksPerStep;

    private bool IsLike(ValueRing other) => (other.Steps, other.TicksPerStep) == (steps, ticksPerStep);

    /// <summary>A value of a long step was the highest one of all the shorter steps in it.</summary>
    private void SpreadOver(long begin, long end, int kind, int value)
    {
        for (long number = Math.Max(begin / ticksPerStep, _latest - steps + 1); number <= (end - 1) / ticksPerStep; number++)
        {
            SetAtLeast(number, kind, value);
        }
    }

    private void SetAtLeast(long number, int kind, int value)
    {
        if (_values[kind] is not { } values)
        {
            _values[kind] = values = new int[steps];
            Array.Fill(values, Absent);
        }

        ref int kept = ref values[number % steps];
        kept = Math.Max(kept, value);
    }

    /// <summary>Makes the step of this moment the last one, and empties those that begin.</summary>
    private void Advance(long now)
    {
        long number = now / ticksPerStep;
        if (number <= _latest)
        {
            return;
        }

        for (long beginning = Math.Max(_latest == long.MinValue ? number : _latest + 1, number - steps + 1); beginning <= number; beginning++)
        {
            foreach (int[]? values in _values)
            {
                values?[beginning % steps] = Absent;
            }
        }

        _latest = number;
    }
}
