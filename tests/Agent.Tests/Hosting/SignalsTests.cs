using System.Runtime.InteropServices;
using Agent.Hosting;
using Testing;

namespace Agent.Tests.Hosting;

public sealed class SignalsTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly List<int> _exitCodes = [];
    private readonly Signals _signals;

    public SignalsTests() => _signals = new Signals(hasFile: true, _time, _exitCodes.Add);

    public void Dispose() => _signals.Dispose();

    [Theory]
    [InlineData(PosixSignal.SIGTERM, 143)]
    [InlineData(PosixSignal.SIGINT, 130)]
    [InlineData(PosixSignal.SIGQUIT, 131)]
    public void First_signal_stops_the_agent_and_a_later_one_ends_it_at_once(PosixSignal second, int exitCode)
    {
        _signals.End(new PosixSignalContext(PosixSignal.SIGTERM));
        Assert.True(_signals.Ending.IsCancellationRequested);
        _time.Leap(TimeSpan.FromMilliseconds(251));
        Assert.Empty(_exitCodes);
        _signals.End(new PosixSignalContext(second));
        Assert.Equal([exitCode], _exitCodes);
    }

    [Fact]
    public void Signals_within_250_ms_count_as_one()
    {
        _signals.End(new PosixSignalContext(PosixSignal.SIGTERM));
        _signals.End(new PosixSignalContext(PosixSignal.SIGTERM));
        _time.Leap(TimeSpan.FromMilliseconds(250));
        _signals.End(new PosixSignalContext(PosixSignal.SIGINT));
        Assert.Empty(_exitCodes);
    }

    [Fact]
    public void Repeated_signals_at_short_intervals_end_the_agent_at_once()
    {
        for (int i = 0; i < 3; i++)
        {
            _signals.End(new PosixSignalContext(PosixSignal.SIGTERM));
            _time.Leap(TimeSpan.FromMilliseconds(200));
        }

        Assert.Equal([143], _exitCodes);
    }

    [Fact]
    public void Hang_up_requests_a_reload_and_does_not_stop_the_agent()
    {
        PosixSignalContext context = new(PosixSignal.SIGHUP);
        _signals.HangUp(context);
        Assert.True(context.Cancel);
        Assert.True(_signals.Reload.WaitOne(0));
        Assert.False(_signals.Ending.IsCancellationRequested);
    }

    [Fact]
    public void Hang_up_without_a_configuration_file_stops_the_agent()
    {
        using Signals signals = new(hasFile: false, _time, _exitCodes.Add);
        signals.HangUp(new PosixSignalContext(PosixSignal.SIGHUP));
        Assert.True(signals.Ending.IsCancellationRequested);
        Assert.False(signals.Reload.WaitOne(0));
    }
}
