using System.Globalization;

namespace Agent.Tests.Faults;

/// <summary>What this process takes of the machine.</summary>
internal sealed record ProcessResources(long ManagedBytes, long ResidentKiB, int Threads, int Descriptors)
{
    internal static ProcessResources Take()
    {
        // What only waits to be finalized is not a leak.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long managed = GC.GetTotalMemory(forceFullCollection: true);
        string[] status = File.ReadAllLines("/proc/self/status");
        return new ProcessResources(
            managed,
            Number(status, "VmRSS:"),
            (int)Number(status, "Threads:"),
            // The one that looks is among them, each time.
            Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
    }

    // "VmRSS:     12345 kB", see proc_pid_status(5).
    private static long Number(string[] status, string name) => long.Parse(
        Assert.Single(status, line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "", StringComparison.Ordinal),
        NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
        CultureInfo.InvariantCulture);
}
