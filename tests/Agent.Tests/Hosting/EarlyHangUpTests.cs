using System.Runtime.InteropServices;
using Agent.Hosting;
using Testing;

namespace Agent.Tests.Hosting;

public sealed class EarlyHangUpTests : IDisposable
{
    private readonly EarlyHangUp _early = EarlyHangUp.Catch([])!;
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
    public void Hang_up_that_came_is_handed_over(int times)
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

    [Theory]
    [InlineData(false, "--once")]
    [InlineData(false, "--once=true")]
    [InlineData(false, "--port", "1", "--once")]
    [InlineData(false, "health")]
    [InlineData(false, "check-config", "agent.json")]
    [InlineData(true)]
    [InlineData(true, "--config", "agent.json")]
    [InlineData(true, "--listen", "127.0.0.1")]
    public void Hang_up_is_caught_for_the_daemon_alone(bool isCaught, params string[] arguments)
    {
        using EarlyHangUp? early = EarlyHangUp.Catch(arguments);
        Assert.Equal(isCaught, early is not null);
    }
}
