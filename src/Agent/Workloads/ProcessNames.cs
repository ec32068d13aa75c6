using System.Globalization;
using System.Text;

namespace Agent.Workloads;

/// <summary>Converts process names to text. A process chooses its name, which may contain any byte.</summary>
internal static class ProcessNames
{
    // TASK_COMM_LEN of linux/sched.h without the terminating zero.
    private const int MaxCommLength = 15;
    private const string Deleted = " (deleted)";

    /// <summary>
    /// The name of a process: its comm or, if the kernel has truncated that, the name of its program file if that starts with the comm. Arguments are
    /// not included, because they may contain secrets.
    /// </summary>
    /// <param name="comm">The content of /proc/PID/comm without the line feed.</param>
    /// <param name="program">The target of /proc/PID/exe; null if the agent may not read it.</param>
    internal static string Command(ReadOnlySpan<byte> comm, string? program)
    {
        string name = Encoding.UTF8.GetString(comm);
        if (comm.Length == MaxCommLength && program is not null)
        {
            string file = Path.GetFileName(program.EndsWith(Deleted, StringComparison.Ordinal) ? program[..^Deleted.Length] : program);
            name = file.StartsWith(name, StringComparison.Ordinal) ? file : name;
        }

        return Printable(name);
    }

    /// <summary>Escapes all characters that a terminal could interpret, for example ESC as <c>\u001b</c>.</summary>
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
