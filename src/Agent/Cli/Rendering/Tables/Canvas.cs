using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Agent.Cli.Rendering.Tables;

/// <summary>
/// Renders tables of Spectre.Console as text of a given width. It does not use AnsiConsole: that opens the process's console, and .NET then
/// writes unwanted control sequences (DECCKM and DECKPAM) to the terminal.
/// </summary>
internal sealed class Canvas(StringBuilder text, int width, bool hasColors, bool allowsUtf8)
{
    private readonly RenderOptions _options = new(new Capabilities(), new Size(width, 1));

    internal int Width => width;

    /// <summary>The width at which nothing is wrapped.</summary>
    internal int Measure(IRenderable renderable) => renderable.Measure(_options, short.MaxValue).Max;

    /// <summary>Writes lines without trailing spaces. Empty lines, which Spectre.Console's borders produce, are omitted.</summary>
    internal void Write(IRenderable renderable)
    {
        foreach (SegmentLine line in Segment.SplitLines(renderable.Render(_options, width)))
        {
            int start = text.Length;
            WriteLine(line);
            TrimEnd(start);
            if (text.Length > start)
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
            Switch(ref current, hasColors ? ThresholdColor.CodeOf(segment.Style) : null);
            text.Append(allowsUtf8 ? segment.Text : ToAscii(segment.Text));
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

    /// <summary>The line in ASCII, which every terminal can show, with the same width.</summary>
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

    private void TrimEnd(int start)
    {
        while (text.Length > start && text[^1] == ' ')
        {
            text.Length--;
        }
    }

    /// <summary>Capabilities that do not depend on the terminal: Unicode lines and blocks, no links. <see cref="Switch"/> adds the colors.</summary>
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
