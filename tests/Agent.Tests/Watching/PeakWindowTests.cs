using Agent.Watching;
using Testing;

namespace Agent.Tests.Watching;

public sealed class PeakWindowTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void Peak_ends_after_a_minute()
    {
        PeakWindow peak = new(_time);
        Assert.Equal(3, peak.Add(3));
        Assert.Equal(9, peak.Add(9));
        Assert.Equal(9, peak.Add(1));
        _time.Leap(TimeSpan.FromSeconds(60));
        Assert.Equal(9, peak.Add(2));
        _time.Leap(TimeSpan.FromSeconds(1));
        Assert.Equal(2, peak.Add(0));
    }

    [Fact]
    public void Peak_is_the_highest_value_of_the_last_minute()
    {
        Random random = new(2);
        PeakWindow peak = new(_time);
        List<(int Second, int Value)> all = [];
        int now = 0;
        for (int i = 0; i < 2000; i++)
        {
            int value = random.Next(1000);
            all.Add((now, value));
            Assert.Equal(all.Where(entry => now - entry.Second <= 60).Max(entry => entry.Value), peak.Add(value));
            int step = random.Next(50) == 0 ? random.Next(100) : random.Next(2);
            now += step;
            _time.Leap(TimeSpan.FromSeconds(step));
        }
    }

    [Fact]
    public void Peak_ends_after_a_long_suspend()
    {
        PeakWindow peak = new(_time);
        peak.Add(5);
        _time.Leap(TimeSpan.FromDays(30));
        Assert.Equal(0, peak.Add(0));
    }
}
