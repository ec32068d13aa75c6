using System.Globalization;
using Agent.Metrics;
using Testing;

namespace Agent.Tests.Metrics;

public sealed class DurationHistogramTests
{
    [Fact]
    public void Each_bucket_is_labelled_with_its_bound_in_seconds()
    {
        foreach (DurationBucket bucket in DurationHistogram.Buckets[..^1])
        {
            Assert.Equal(bucket.UpTo.TotalSeconds, double.Parse(bucket.Label, CultureInfo.InvariantCulture));
        }

        Assert.Equal(new DurationBucket(TimeSpan.MaxValue, "+Inf"), DurationHistogram.Buckets[^1]);
        Assert.Equal(DurationHistogram.Buckets.OrderBy(bucket => bucket.UpTo), DurationHistogram.Buckets);
    }

    [Theory]
    [InlineData(0, "5e-05")]
    [InlineData(500, "5e-05")]
    [InlineData(501, "0.0001")]
    [InlineData(10_000_000, "1.0")]
    [InlineData(10_000_001, "2.5")]
    [InlineData(100_000_000, "10.0")]
    [InlineData(100_000_001, "+Inf")]
    public void A_bound_belongs_to_its_bucket(long ticks, string first)
    {
        DurationHistogram histogram = new();
        histogram.Observe(TimeSpan.FromTicks(ticks));
        (long[] cumulative, TimeSpan sum) = Read(histogram);

        Assert.Equal(first, DurationHistogram.Buckets[Array.IndexOf(cumulative, 1)].Label);
        Assert.Equal(1, cumulative[^1]);
        Assert.Equal(ticks, sum.Ticks);
    }

    [Fact]
    public async Task What_is_read_is_of_one_moment_while_others_observe()
    {
        const int observers = 4;
        const int each = 50_000;
        TimeSpan duration = TimeSpan.FromMilliseconds(3);
        DurationHistogram histogram = new();
        Task[] observing =
        [
            .. Enumerable.Range(0, observers).Select(_ => Task.Run(() =>
            {
                for (int i = 0; i < each; i++)
                {
                    histogram.Observe(duration);
                }
            })),
        ];

        Task all = Task.WhenAll(observing);
        long last = 0;
        bool ended;
        do
        {
            ended = all.IsCompleted;
            (long[] cumulative, TimeSpan sum) = Read(histogram);
            Assert.Equal(cumulative[^1] * duration, sum);
            Assert.InRange(cumulative[^1], last, observers * each);
            last = cumulative[^1];
        }
        while (!ended);

        await all;
        Assert.Equal(observers * each, last);
    }

    [Fact]
    public void Nothing_is_allocated_to_observe_and_to_read()
    {
        DurationHistogram histogram = new();
        long[] cumulative = new long[DurationHistogram.Buckets.Length];
        histogram.Observe(TimeSpan.FromSeconds(1));
        histogram.Read(cumulative);

        int observed = 1;
        Allocations.AreNone(() =>
        {
            for (int i = 0; i < 1_000; i++)
            {
                histogram.Observe(TimeSpan.FromMilliseconds(i));
                histogram.Read(cumulative);
                observed++;
            }
        });

        Assert.Equal(observed, cumulative[^1]);
    }

    private static (long[] Cumulative, TimeSpan Sum) Read(DurationHistogram histogram)
    {
        long[] cumulative = new long[DurationHistogram.Buckets.Length];
        TimeSpan sum = histogram.Read(cumulative);
        return (cumulative, sum);
    }
}
