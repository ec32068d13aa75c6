using System.Globalization;
using System.Text;

namespace Agent.Workloads;

/// <summary>Makes text of names that a process gives to itself and that can hold any byte.</summary>
internal static class ProcessNames
{
    // TASK_COMM_LEN of linux/sched.h without its zero.
    private const int LongestComm = 15;
    private const string Deleted = " (deleted)";

    /// <summary>
    /// What the process is called: its comm, and where the kernel has cut that, the name of its program's file, if it begins so. Arguments are
    /// not shown, for there may be secrets among them.
    /// </summary>
    /// <param name="comm">/proc/PID/comm without its line feed.</param>
    /// <param name="program">Where /proc/PID/exe leads; null where that may not be read.</param>
    internal static string Command(ReadOnlySpan<byte> comm, string? program)
    {
        string name = Encoding.UTF8.GetString(comm);
        if (comm.Length == LongestComm && program is not null)
        {
            string file = Path.GetFileName(program.EndsWith(Deleted, StringComparison.Ordinal) ? program[..^Deleted.Length] : program);
            name = file.StartsWith(name, StringComparison.Ordinal) ? file : name;
        }

        return Printable(name);
    }

    /// <summary>Writes as <c>\u001b</c> whatever a terminal could take for more than a letter.</summary>
    internal static string Printable(string text)
    {
        StringBuilder printable = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = IsPrintable(rune) ? printable.Append(rune) : printable.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
        }

        return printable.ToString();
    }

    private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
