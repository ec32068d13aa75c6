using System.Globalization;

namespace Agent.Tests.Faults;

/// <summary>The resources that this process uses.</summary>
internal sealed record ProcessResources(long ManagedBytes, long ResidentKiB, int Threads, int Descriptors)
{
    internal static ProcessResources Take()
    {
        // Objects that wait for their finalizer are not a leak.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long managed = GC.GetTotalMemory(forceFullCollection: true);
        string[] status = File.ReadAllLines("/proc/self/status");
        return new ProcessResources(
            managed,
            Number(status, "VmRSS:"),
            (int)Number(status, "Threads:"),
            // Each time, this includes the descriptor of the directory itself.
            Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
    }

    // "VmRSS:     12345 kB", see proc_pid_status(5).
    private static long Number(string[] status, string name) => long.Parse(
        Assert.Single(status, line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "", StringComparison.Ordinal),
        NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
        CultureInfo.InvariantCulture);
}
