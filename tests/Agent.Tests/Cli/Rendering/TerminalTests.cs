using Agent.Cli.Rendering;

namespace Agent.Tests.Cli.Rendering;

public sealed class TerminalTests
{
    [Theory]
    [InlineData(120, 120)]
    [InlineData(20, 20)]
    [InlineData(19, 80)]
    [InlineData(0, 80)]
    [InlineData(-1, 80)]
    public void Unset_width_is_80(int columns, int width) => Assert.Equal(width, Terminal.WidthOf(columns));

    [Theory]
    [InlineData("C.UTF-8", null, null, true)]
    [InlineData(null, "de_DE.utf8", null, true)]
    [InlineData(null, null, "en_US.UTF-8", true)]
    [InlineData(null, null, "de_DE.UTF-8@euro", true)]
    [InlineData("", "", "C.utf-8", true)]
    [InlineData("C", null, "en_US.UTF-8", false)]
    [InlineData("POSIX", "C.UTF-8", "C.UTF-8", false)]
    [InlineData(null, "C", "en_US.UTF-8", false)]
    [InlineData("C.UTF-8", "C", "C", true)]
    [InlineData(null, null, "de_DE", false)]
    [InlineData(null, null, "de_DE.ISO-8859-15@euro", false)]
    [InlineData(null, null, "ja_JP.eucJP", false)]
    [InlineData(null, null, "UTF-8", false)]
    [InlineData(null, null, "", false)]
    [InlineData(null, null, null, false)]
    public void Locale_decides_whether_text_is_UTF_8(string? all, string? type, string? language, bool isUtf8) =>
        Assert.Equal(isUtf8, Terminal.AllowsUtf8(name => name switch
        {
            "LC_ALL" => all,
            "LC_CTYPE" => type,
            "LANG" => language,
            _ => null,
        }));

    [Theory]
    [InlineData("xterm", null, true)]
    [InlineData("xterm-256color", "", true)]
    [InlineData("linux", null, true)]
    [InlineData("xterm", "1", false)]
    [InlineData("xterm", "0", false)]
    [InlineData("dumb", null, false)]
    [InlineData("", null, false)]
    [InlineData(null, null, false)]
    public void Colors_need_a_terminal_with_colors_and_no_NO_COLOR(string? term, string? noColor, bool colours) =>
        Assert.Equal(colours, Terminal.AllowsColors(name => name switch
        {
            "TERM" => term,
            "NO_COLOR" => noColor,
            _ => null,
        }));
}
