using System.Globalization;
using System.Runtime.InteropServices;
using Agent.Watching.Processes.Interop;

namespace Agent.Watching.Processes;

/// <summary>The open descriptors of a process, proc_pid_fd(5).</summary>
internal static class Descriptors
{
    // d_name in struct dirent of <dirent.h>: behind two words of 64 bits, a length of 16 and a type of 8.
    private const int NameOffset = 19;

    /// <returns>Their numbers, that of the one by which they are listed included; null where the directory cannot be opened, see errno.</returns>
    internal static IReadOnlyList<int>? In(string directory)
    {
        nint opened = LibC.opendir(directory);
        if (opened == 0)
        {
            return null;
        }

        List<int> numbers = [];
        for (nint entry; (entry = LibC.readdir(opened)) != 0;)
        {
            if (int.TryParse(Marshal.PtrToStringUTF8(entry + NameOffset), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                numbers.Add(number);
            }
        }

        _ = LibC.closedir(opened);
        return numbers;
    }
}
