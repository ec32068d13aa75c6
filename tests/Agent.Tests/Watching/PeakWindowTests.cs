using Agent.Watching;
using Testing;

namespace Agent.Tests.Watching;

public sealed class PeakWindowTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void The_peak_stays_for_a_minute_and_goes_then()
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
    public void It_is_the_highest_value_of_the_last_minute_at_any_time()
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
    public void A_long_suspend_leaves_nothing_of_the_past()
    {
        PeakWindow peak = new(_time);
        peak.Add(5);
        _time.Leap(TimeSpan.FromDays(30));
        Assert.Equal(0, peak.Add(0));
    }
}
