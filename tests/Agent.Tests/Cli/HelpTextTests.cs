using System.CommandLine;
using Agent.Cli;

namespace Agent.Tests.Cli;

public sealed class HelpTextTests
{
    private static readonly Option<string> Option = new("--port", "-p") { Description = "One two three four five six seven eight nine ten.", HelpName = "N" };

    [Fact]
    public void Description_is_wrapped_in_its_column() =>
        Assert.Equal(
            """
            Does something.

            Usage:
              agent do FILE [options]

            Options:
              --port, -p N                One two three four five six
                                          seven eight nine ten.

            """,
            new HelpText(60).OfCommand(Command()));

    [Fact]
    public void Narrow_terminal_has_the_description_below_the_option() =>
        Assert.Equal(
            """
            Does something.

            Usage:
              agent do FILE [options]

            Options:
              --port, -p N
                  One two three four five six seven
                  eight nine ten.

            """,
            new HelpText(40).OfCommand(Command()));

    private static Command Command() => new("do", "Does something.") { Option, new Argument<string>("FILE") };
}
