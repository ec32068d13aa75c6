using Agent.Configuration;

namespace Agent.Tests.Configuration;

public sealed class DurationTests
{
    [Theory]
    [InlineData("1s", "00:00:01")]
    [InlineData("500ms", "00:00:00.5")]
    [InlineData("1m30s", "00:01:30")]
    [InlineData("1.5h", "01:30:00")]
    [InlineData("1h0.25s", "01:00:00.25")]
    [InlineData(".5s", "00:00:00.5")]
    [InlineData("2.s", "00:00:02")]
    [InlineData("100us", "00:00:00.0001")]
    [InlineData("100µs", "00:00:00.0001")]
    [InlineData("100μs", "00:00:00.0001")]
    [InlineData("300ns", "00:00:00.0000003")]
    [InlineData("1ns", "00:00:00.0000001")]
    [InlineData("1000001ns", "00:00:00.0010001")]
    [InlineData("+2s", "00:00:02")]
    [InlineData("-2s", "-00:00:02")]
    [InlineData("00:00:05", "00:00:05")]
    [InlineData("0:01:30", "00:01:30")]
    [InlineData("100:00:00", "4.04:00:00")]
    public void Durations_of_Go_and_of_a_clock_are_parsed(string text, string expected) =>
        Assert.Equal(TimeSpan.Parse(expected), Duration.Parse(text));

    [Theory]
    [InlineData("5", "'5' has no unit; write it like 500ms, 1s, 1m30s or 00:01:30")]
    [InlineData("0", "'0' has no unit; write it like 500ms, 1s, 1m30s or 00:01:30")]
    [InlineData("-1.5", "'-1.5' has no unit; write it like 500ms, 1s, 1m30s or 00:01:30")]
    [InlineData("fast", "'fast' is not a duration; write it like 500ms, 1s, 1m30s or 00:01:30")]
    [InlineData("", "'' is not a duration; write it like 500ms, 1s, 1m30s or 00:01:30")]
    [InlineData("1d", "'1d' is not a duration; write it like 500ms, 1s, 1m30s or 00:01:30")]
    [InlineData("1 s", "'1 s' is not a duration; write it like 500ms, 1s, 1m30s or 00:01:30")]
    [InlineData("1s\n", "'1s\n' is not a duration; write it like 500ms, 1s, 1m30s or 00:01:30")]
    [InlineData("٣s", "'٣s' is not a duration; write it like 500ms, 1s, 1m30s or 00:01:30")]
    [InlineData("00:60:00", "'00:60:00' is not a duration; write it like 500ms, 1s, 1m30s or 00:01:30")]
    [InlineData("1.00:00:00", "'1.00:00:00' is not a duration; write it like 500ms, 1s, 1m30s or 00:01:30")]
    [InlineData("01:30", "'01:30' is not a duration; write it like 500ms, 1s, 1m30s or 00:01:30")]
    [InlineData("9999999999999h", "'9999999999999h' is too long; use a shorter duration")]
    [InlineData("99999999999999999999999999999999h", "'99999999999999999999999999999999h' is too long; use a shorter duration")]
    public void Invalid_durations_are_rejected_with_advice(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => Duration.Parse(text)).Message);

    [Theory]
    [InlineData("1ms")]
    [InlineData("500ms")]
    [InlineData("1s")]
    [InlineData("1.25s")]
    [InlineData("1m30s")]
    [InlineData("1h")]
    [InlineData("24h")]
    [InlineData("2h5m0.125s")]
    public void Formatted_duration_can_be_parsed_back(string text) => Assert.Equal(text, Duration.Format(Duration.Parse(text)));
}
