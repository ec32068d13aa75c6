using System.Runtime.InteropServices;
using Agent.Hosting;
using Testing;

namespace Agent.Tests.Hosting;

public sealed class EarlyHangUpTests : IDisposable
{
    private readonly EarlyHangUp _early = new();
    private readonly Signals _signals = new(hasFile: true, new ManualTime(), _ => { });

    public void Dispose()
    {
        _early.Dispose();
        _signals.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void Early_hang_up_is_handed_over(int times)
    {
        for (int i = 0; i < times; i++)
        {
            PosixSignalContext context = new(PosixSignal.SIGHUP);
            _early.Remember(context);
            Assert.True(context.Cancel);
        }

        _early.HandOver(_signals);
        Assert.Equal(times > 0, _signals.Reload.WaitOne(0));
    }

    [Fact]
    public void Hang_up_that_is_handled_late_is_not_lost()
    {
        _early.HandOver(_signals);
        _early.Remember(new PosixSignalContext(PosixSignal.SIGHUP));
        Assert.True(_signals.Reload.WaitOne(0));
    }
}
