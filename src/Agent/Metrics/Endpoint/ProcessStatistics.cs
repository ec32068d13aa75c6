using System.Buffers.Text;

namespace Agent.Metrics.Endpoint;

/// <summary>What the kernel says of a process in one line, proc_pid_stat(5).</summary>
/// <param name="CpuSeconds">Time on processors, in user mode and in the kernel.</param>
/// <param name="Threads">How many it has.</param>
/// <param name="VirtualBytes">Address space that it has reserved.</param>
/// <param name="ResidentPages">Memory that it has in use.</param>
internal readonly record struct ProcessStatistics(double CpuSeconds, long Threads, long VirtualBytes, long ResidentPages)
{
    // USER_HZ, which is 100 for programs on every architecture of .NET, however often the kernel's own clock ticks.
    private const double TicksPerSecond = 100;

    // As the manual counts them, from 1 on.
    private const int FirstAfterName = 3;
    private const int UserTime = 14;
    private const int SystemTime = 15;
    private const int ThreadCount = 20;
    private const int VirtualSize = 23;
    private const int ResidentSize = 24;

    /// <returns>False when the line has less than that.</returns>
    internal static bool TryParse(ReadOnlySpan<byte> line, out ProcessStatistics statistics)
    {
        statistics = default;

        // The name is in parentheses, and may itself have some, and spaces.
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
