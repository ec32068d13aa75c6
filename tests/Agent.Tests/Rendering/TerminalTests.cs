using Agent.Cli.Rendering;

namespace Agent.Tests.Rendering;

public sealed class TerminalTests
{
    [Theory]
    [InlineData(120, 120)]
    [InlineData(20, 20)]
    [InlineData(19, 80)]
    [InlineData(0, 80)]
    [InlineData(-1, 80)]
    public void A_width_that_nobody_has_set_is_80(int columns, int width) => Assert.Equal(width, Terminal.WidthOf(columns));

    [Theory]
    [InlineData("xterm", null, true)]
    [InlineData("xterm-256color", "", true)]
    [InlineData("linux", null, true)]
    [InlineData("xterm", "1", false)]
    [InlineData("xterm", "0", false)]
    [InlineData("dumb", null, false)]
    [InlineData("", null, false)]
    [InlineData(null, null, false)]
    public void Colours_need_a_terminal_that_has_them_and_a_user_who_wants_them(string? term, string? noColor, bool colours) =>
        Assert.Equal(colours, Terminal.TakesColours(name => name switch
        {
            "TERM" => term,
            "NO_COLOR" => noColor,
            _ => null,
        }));
}
