using System.CommandLine;
using System.Text;

namespace Agent.Cli;

/// <summary>The text of <c>--help</c>.</summary>
/// <param name="width">The columns of a line.</param>
internal sealed class HelpText(int width)
{
    /// <summary>The width without a terminal.</summary>
    internal const int DefaultWidth = 100;

    private const int Indentation = 2;

    // A longer label gets its own line.
    private const int LongestLabel = 26;
    private const int TextColumn = Indentation + LongestLabel + 2;
    private const int ShortestText = 30;

    private const string Usage = """
        Usage:
          agent [options]           take a census at each interval and publish it, until a signal
          agent --once [options]    take one census, print it and exit
          agent COMMAND             check a configuration file or a running agent

        """;

    private const string ExitCodes = """

        Exit codes of --once:
          0   no threshold is reached
          1   --warn is reached
          2   --critical or a limit is reached
          3   the census failed, a threshold cannot be checked, or --databases got no answer
          64  an option, a variable or a file is invalid, or the textfile cannot be written

        Examples:
          agent --once
          agent --once --output check --warn 80% --critical 95%
          agent --once --port 5432 --watch postgres --limit 100
          agent --once --databases --config agent.json
          agent --listen 127.0.0.1 --textfile-directory none

        """;

    private readonly StringBuilder _text = new();

    /// <summary>The help of the program: usage, options by group, commands, exit codes and examples.</summary>
    internal string OfProgram(RootCommand root, params ReadOnlySpan<(string Title, Option[] Options)> groups)
    {
        WriteWrapped(root.Description!, column: 0, indentation: 0);
        _text.Append('\n').Append(Usage);
        HashSet<Option> grouped = [];
        foreach ((string title, Option[] options) in groups)
        {
            WriteOptions(title, options);
            grouped.UnionWith(options);
        }

        WriteOptions("Other options", [.. root.Options.Where(option => !grouped.Contains(option))]);
        _text.Append("\nCommands:\n");
        foreach (Command command in root.Subcommands)
        {
            WriteRow(LabelOf(command), command.Description);
        }

        return _text.Append(ExitCodes).ToString();
    }

    /// <summary>The help of a command such as <c>agent health</c>.</summary>
    internal string OfCommand(Command command)
    {
        WriteWrapped(command.Description!, column: 0, indentation: 0);
        _text.Append($"\nUsage:\n  agent {LabelOf(command)}{(command.Options.Count > 0 ? " [options]" : "")}\n");
        if (command.Options.Count > 0)
        {
            WriteOptions("Options", [.. command.Options]);
        }

        return _text.ToString();
    }

    private static string LabelOf(Command command) => string.Join(' ', [command.Name, .. command.Arguments.Select(argument => argument.Name)]);

    private void WriteOptions(string title, Option[] options)
    {
        _text.Append($"\n{title}:\n");
        foreach (Option option in options)
        {
            string names = string.Join(", ", [option.Name, .. option.Aliases.Where(alias => alias.StartsWith('-'))]);
            WriteRow(option.HelpName is { } value ? $"{names} {value}" : names, option.Description);
        }
    }

    private void WriteRow(string label, string? description)
    {
        _text.Append(' ', Indentation).Append(label);
        int column = Indentation + label.Length;
        if (label.Length > LongestLabel || width - TextColumn < ShortestText)
        {
            _text.Append('\n');
            column = 0;
        }

        int indentation = width - TextColumn < ShortestText ? Indentation * 3 : TextColumn;
        WriteWrapped(description ?? "", column, indentation);
    }

    /// <summary>Writes words into lines of the width, and ends the last line.</summary>
    /// <param name="text">The words.</param>
    /// <param name="column">The columns that the current line has already.</param>
    /// <param name="indentation">The column at which each line of the text begins.</param>
    private void WriteWrapped(string text, int column, int indentation)
    {
        _text.Append(' ', indentation - column);
        column = indentation;
        foreach (string word in text.Split(' '))
        {
            if (column > indentation && column + 1 + word.Length > width)
            {
                _text.Append('\n').Append(' ', indentation);
                column = indentation;
            }

            if (column > indentation)
            {
                _text.Append(' ');
                column++;
            }

            _text.Append(word);
            column += word.Length;
        }

        _text.Append('\n');
    }
}
