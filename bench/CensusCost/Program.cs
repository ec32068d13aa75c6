using System.Diagnostics;
using System.Globalization;
using Agent.Watching;

// What one census of the agent costs once it runs hot, beside bench/floor.c, which prints the same line:
//
//     CensusCost PORT WATCHES CENSUSES     prints "count=N cpu_us=T allocated=B runtime=V": established connections, CPU time and managed
//                                          bytes of one census, and the version of .NET
//
// There are so many watches of one port each, from PORT on.

// The runtime compiles a method for good when it was called 30 times and nothing new was called for 100 ms, in the background: what is
// measured is the code that the daemon runs from its first minute on.
const int LeastWarmUp = 100;
TimeSpan shortestWarmUp = TimeSpan.FromSeconds(1);

if (args.Length != 3
    || !ushort.TryParse(args[0], CultureInfo.InvariantCulture, out ushort firstPort)
    || !int.TryParse(args[1], CultureInfo.InvariantCulture, out int watchCount)
    || !int.TryParse(args[2], CultureInfo.InvariantCulture, out int censuses)
    || watchCount < 1 || censuses < 1)
{
    Console.Error.WriteLine("usage: CensusCost PORT WATCHES CENSUSES");
    return 64;
}

Watch[] watches = [.. Enumerable.Range(firstPort, watchCount).Select(port => new Watch($"port {port}", [(ushort)port]))];
using Census census = new(new WatchedNamespace(null, null, [.. watches]), TimeProvider.System, keepsPeaks: true);

long begun = Stopwatch.GetTimestamp();
for (int i = 0; i < LeastWarmUp || Stopwatch.GetElapsedTime(begun) < shortestWarmUp; i++)
{
    census.Take();
}

NamespaceCounts last = census.Take();
long allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
TimeSpan cpuBefore = Environment.CpuUsage.TotalTime;
for (int i = 0; i < censuses; i++)
{
    last = census.Take();
}

TimeSpan cpu = Environment.CpuUsage.TotalTime - cpuBefore;
long allocated = GC.GetAllocatedBytesForCurrentThread() - allocatedBefore;
if (!last.Succeeded)
{
    Console.Error.WriteLine(last.Failure);
    return 1;
}

long count = last.Ports.Sum(port => port.Ipv4 + port.Ipv6);
Console.WriteLine(
    $"count={count} cpu_us={(cpu / censuses).TotalMicroseconds.ToString("F1", CultureInfo.InvariantCulture)} allocated={allocated / censuses} runtime={Environment.Version}");
return 0;
