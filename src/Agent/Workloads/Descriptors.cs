using System.Buffers.Text;
using Netlink.Interop;

namespace Agent.Workloads;

/// <summary>
/// The open descriptors of a process, proc_pid_fd(5). Listed by the C library: .NET follows each link to its file, which may be on a dead server.
/// </summary>
internal static class Descriptors
{
    /// <param name="directory">The process's directory fd.</param>
    /// <param name="errno">Why the directory cannot be opened; 0 where it can.</param>
    /// <returns>Their numbers, that of the one by which they are listed included; null where the directory cannot be opened.</returns>
    internal static IReadOnlyList<int>? In(string directory, out int errno)
    {
        using DirectoryStream opened = LibC.opendir(directory, out errno);
        if (opened.IsInvalid)
        {
            return null;
        }

        List<int> numbers = [];
        for (ReadOnlySpan<byte> name; !(name = LibC.readdir(opened)).IsEmpty;)
        {
            // The other two are "." and "..".
            if (Utf8Parser.TryParse(name, out int number, out _))
            {
                numbers.Add(number);
            }
        }

        return numbers;
    }
}
