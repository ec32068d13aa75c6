using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Agent.Watching;
using Netlink.SockDiag;

// Measures one census of the agent after a warm-up. Input and output are those of bench/floor.c:
//
//     CensusCost PORT WATCHES PORTS STEP [FILE]
//
// It takes a census of WATCHES watches with PORTS ports each. The ports of the first watch start at PORT, those of each later watch STEP
// higher. With a step of 0 all watches count the same connections. For each line "N" on standard input it takes N censuses and prints a
// line, "count=N clients=N cpu_us=T allocated=B memory_kb=M runtime=V": established connections on all ports, clients of all watches, CPU
// time and allocated managed bytes of one census, peak resident memory of the process, and the version of .NET. With FILE it counts
// nothing: it writes the request of the census to the file, so that bench/floor.c can send the same request.
//
//     CensusCost unix PATH [FILE]
//     CensusCost drops PORT
//
// The first takes censuses of a watch with one unix socket; N is its accepted connections. The second only looks for the drops of the
// listening sockets of a port, as each census of the daemon does after its dump; N is the number of listeners.

// The first censuses pay for page faults, growing buffers and the sockets' inodes.
const int WarmUp = 20;

if (args is ["unix", var path, ..] && args.Length <= 3)
{
    if (args.Length == 3)
    {
        File.WriteAllBytes(args[2], UnixSocketTally.Query.Requests.Modern[0]);
        return 0;
    }

    using Census ofUnixSocket = new(
        new WatchedNamespace(null, null, [new Watch("unix", []) { UnixSockets = [path] }]), TimeProvider.System, keepsPeaks: true);
    return Measure(() => Counted(ofUnixSocket.Take(), found => found.UnixSockets[0].Accepted));
}

if (args is ["drops", var text] && ushort.TryParse(text, CultureInfo.InvariantCulture, out ushort dropping))
{
    using SockDiagClient client = new();
    ListenDrops drops = new([dropping]);
    ImmutableArray<PortCounts> listening = [new PortCounts(dropping, 0, 0, 0, new AcceptQueue(0, 1))];
    return Measure(() => drops.AddTo(client, listening)[0].Drops is null ? null : (1, 0));
}

if (args.Length is not (4 or 5)
    || !ushort.TryParse(args[0], CultureInfo.InvariantCulture, out ushort firstPort)
    || !int.TryParse(args[1], CultureInfo.InvariantCulture, out int watchCount)
    || !int.TryParse(args[2], CultureInfo.InvariantCulture, out int portCount)
    || !int.TryParse(args[3], CultureInfo.InvariantCulture, out int step)
    || watchCount < 1 || portCount < 1 || step < 0)
{
    Console.Error.WriteLine("usage: CensusCost PORT WATCHES PORTS STEP [FILE]");
    return 64;
}

Watch[] watches =
[
    .. Enumerable.Range(0, watchCount).Select(watch => new Watch(
        $"watch {watch}", [.. Enumerable.Range(firstPort + (watch * step), portCount).Select(port => (ushort)port)])),
];
WatchedNamespace where = new(null, null, [.. watches]);
if (args.Length == 5)
{
    File.WriteAllBytes(args[4], Census.QueryOf(where, filter: null).BothFamilies);
    return 0;
}

using Census census = new(where, TimeProvider.System, keepsPeaks: true);

return Measure(() => Counted(census.Take(), found => found.Ports.Sum(port => port.Ipv4 + port.Ipv6)));

static (long Count, long Clients)? Counted(NamespaceCounts found, Func<NamespaceCounts, long> count)
{
    if (found.Succeeded)
    {
        return (count(found), found.Watches.Sum(watch => (long)watch.Clients));
    }

    Console.Error.WriteLine(found.Failure);
    return null;
}

static int Measure(Func<(long Count, long Clients)?> take)
{
    for (int i = 0; i < WarmUp; i++)
    {
        take();
    }

    while (Console.ReadLine() is { } line)
    {
        int censuses = int.Parse(line, CultureInfo.InvariantCulture);
        (long Count, long Clients)? last = take();
        long allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan cpuBefore = Environment.CpuUsage.TotalTime;
        for (int i = 0; i < censuses; i++)
        {
            last = take();
        }

        TimeSpan cpu = Environment.CpuUsage.TotalTime - cpuBefore;
        long allocated = GC.GetAllocatedBytesForCurrentThread() - allocatedBefore;
        if (last is not var (count, clients))
        {
            return 1;
        }

        string microseconds = (cpu / censuses).TotalMicroseconds.ToString("F1", CultureInfo.InvariantCulture);
        using Process self = Process.GetCurrentProcess();
        Console.WriteLine(
            $"count={count} clients={clients} cpu_us={microseconds} allocated={allocated / censuses} memory_kb={self.PeakWorkingSet64 / 1024} runtime={Environment.Version}");
    }

    return 0;
}
