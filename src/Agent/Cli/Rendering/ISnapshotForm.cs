using Agent.Watching;

namespace Agent.Cli.Rendering;

/// <summary>One way to put a snapshot into text. Pure: the same snapshot gives the same text.</summary>
internal interface ISnapshotForm
{
    /// <summary>Whether the text is read by a person, who needs no second line on standard error to learn why a census failed.</summary>
    bool TellsFailureItself { get; }

    /// <summary>Whether the text says how the watches are, which has to agree with the exit code.</summary>
    bool SaysState { get; }

    /// <returns>The text in UTF-8, with a line feed at its end.</returns>
    ReadOnlyMemory<byte> Render(Snapshot snapshot);
}
