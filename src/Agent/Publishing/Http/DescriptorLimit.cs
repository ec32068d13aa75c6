using System.Globalization;

namespace Agent.Publishing.Http;

/// <summary>How many descriptors this process may have, see proc_pid_limits(5).</summary>
internal static class DescriptorLimit
{
    // What a process gets where nobody says otherwise.
    private const long Usual = 1024;

    internal static long OfThisProcess()
    {
        try
        {
            return Parse(File.ReadAllText("/proc/self/limits"));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Usual;
        }
    }

    /// <returns>The limit that is in force, the soft one.</returns>
    internal static long Parse(string limits)
    {
        const string Name = "Max open files ";
        foreach (string line in limits.Split('\n'))
        {
            if (line.StartsWith(Name, StringComparison.Ordinal))
            {
                string soft = line[Name.Length..].TrimStart().Split(' ')[0];
                return soft == "unlimited" ? long.MaxValue
                    : long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out long limit) ? limit
                    : Usual;
            }
        }

        return Usual;
    }
}
