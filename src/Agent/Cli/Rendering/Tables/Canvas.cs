using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Agent.Cli.Rendering.Tables;

/// <summary>
/// Puts what Spectre.Console lays out into text of a given width. Not AnsiConsole: that asks for the process's console, and .NET then
/// writes control sequences to a terminal that nobody sent for (DECCKM and DECKPAM).
/// </summary>
internal sealed class Canvas(StringBuilder text, int width, bool colour, bool takesUtf8)
{
    private readonly RenderOptions _options = new(new Capabilities(), new Size(width, 1));

    internal int Width => width;

    /// <summary>How wide it would like to be.</summary>
    internal int Measure(IRenderable renderable) => renderable.Measure(_options, short.MaxValue).Max;

    /// <summary>Writes lines, without spaces at their ends, and none that is empty: borders of Spectre.Console have such.</summary>
    internal void Write(IRenderable renderable)
    {
        foreach (SegmentLine line in Segment.SplitLines(renderable.Render(_options, width)))
        {
            int begun = text.Length;
            WriteLine(line);
            TrimEnd(begun);
            if (text.Length > begun)
            {
                text.Append('\n');
            }
        }
    }

    internal void WriteEmptyLine() => text.Append('\n');

    private void WriteLine(SegmentLine line)
    {
        int? current = null;
        foreach (Segment segment in line)
        {
            Switch(ref current, colour ? Tint.CodeOf(segment.Style) : null);
            text.Append(takesUtf8 ? segment.Text : ToAscii(segment.Text));
        }

        Switch(ref current, null);
    }

    private void Switch(ref int? current, int? code)
    {
        if (code != current)
        {
            text.Append($"\e[{code ?? 0}m");
            current = code;
        }
    }

    /// <summary>What the terminal shows for certain, and as wide as it was.</summary>
    private static string ToAscii(string line)
    {
        if (Ascii.IsValid(line))
        {
            return line;
        }

        StringBuilder ascii = new(line.Length);
        foreach (Rune rune in line.EnumerateRunes())
        {
            ascii.Append(rune.Value switch
            {
                < 0x80 => $"{rune}",
                '─' or '–' => "-",
                '█' => "#",
                '░' => ".",
                _ => new string('?', new Segment($"{rune}").CellCount()),
            });
        }

        return ascii.ToString();
    }

    private void TrimEnd(int begun)
    {
        while (text.Length > begun && text[^1] == ' ')
        {
            text.Length--;
        }
    }

    /// <summary>What is drawn does not depend on the terminal: lines and blocks, no links, and colours come later.</summary>
    private sealed class Capabilities : IReadOnlyCapabilities
    {
        public ColorSystem ColorSystem => ColorSystem.NoColors;

        public bool Ansi => false;

        public bool Links => false;

        public bool Legacy => false;

        public bool Interactive => false;

        public bool Unicode => true;

        public bool AlternateBuffer => false;
    }
}
