using System.Buffers.Text;

namespace Agent.Metrics.Endpoint;

/// <summary>The fields of /proc/PID/stat, see proc_pid_stat(5).</summary>
/// <param name="CpuSeconds">CPU time in seconds, in user mode and in the kernel.</param>
/// <param name="Threads">The number of threads.</param>
/// <param name="VirtualBytes">Reserved address space, in bytes.</param>
/// <param name="ResidentPages">Resident memory, in pages.</param>
internal readonly record struct ProcessStatistics(double CpuSeconds, long Threads, long VirtualBytes, long ResidentPages)
{
    // USER_HZ: 100 on every architecture that .NET supports, whatever the kernel's own tick is.
    private const double TicksPerSecond = 100;

    // Numbered as in the manual, from 1.
    private const int FirstAfterName = 3;
    private const int UserTime = 14;
    private const int SystemTime = 15;
    private const int ThreadCount = 20;
    private const int VirtualSize = 23;
    private const int ResidentSize = 24;

    /// <returns>False when the line has too few fields.</returns>
    internal static bool TryParse(ReadOnlySpan<byte> line, out ProcessStatistics statistics)
    {
        statistics = default;

        // The name is in parentheses, and may contain parentheses and spaces.
        int nameEnd = line.LastIndexOf(") "u8);
        if (nameEnd < 0)
        {
            return false;
        }

        Span<long> fields = stackalloc long[ResidentSize + 1];
        int field = FirstAfterName;
        ReadOnlySpan<byte> rest = line[(nameEnd + 2)..];
        foreach (Range range in rest.Split((byte)' '))
        {
            // The first is a letter.
            if (field > FirstAfterName && !Utf8Parser.TryParse(rest[range], out fields[field], out _))
            {
                return false;
            }

            if (field++ == ResidentSize)
            {
                statistics = new ProcessStatistics(
                    (fields[UserTime] + fields[SystemTime]) / TicksPerSecond, fields[ThreadCount], fields[VirtualSize], fields[ResidentSize]);
                return true;
            }
        }

        return false;
    }
}
