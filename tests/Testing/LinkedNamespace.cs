namespace Testing;

/// <summary>
/// A network namespace that <c>ip netns</c> made, with one end of a veth pair in it. The other end is in a second namespace, which stands for the
/// host, and goes when the kernel takes the first one down.
/// </summary>
internal sealed class LinkedNamespace : IAsyncDisposable
{
    private const string Interface = "veth-host";

    private readonly string _ip;
    private readonly string _host;

    private LinkedNamespace(string ip, string unique)
    {
        _ip = ip;
        _host = $"agent-test-host-{unique}";
        Name = $"agent-test-{unique}";
    }

    /// <summary>Its name under /run/netns.</summary>
    internal string Name { get; }

    /// <summary>The file that stands for it.</summary>
    internal string Path => $"/run/netns/{Name}";

    internal static async Task<LinkedNamespace> Make()
    {
        Requires.Root();
        LinkedNamespace made = new(Requires.Program("ip", "iproute2"), Guid.NewGuid().ToString("N")[..12]);
        await made.Ip("netns", "add", made.Name);
        await made.Ip("netns", "add", made._host);
        await made.Ip("-n", made._host, "link", "add", Interface, "type", "veth", "peer", "name", "eth0", "netns", made.Name);
        return made;
    }

    /// <summary>Takes its name from it. It ends with the last process, descriptor and socket that it has.</summary>
    internal Task Delete() => Ip("netns", "delete", Name);

    /// <summary>Waits until the kernel has taken it down.</summary>
    internal Task IsGone() => Poll.Until(
        async () => (await Tool.Run(_ip, ["-n", _host, "link", "show", "dev", Interface])).ExitCode != 0, "the host's end of the veth pair is gone");

    public async ValueTask DisposeAsync()
    {
        await Tool.Run(_ip, ["netns", "delete", Name]);
        await Tool.Run(_ip, ["netns", "delete", _host]);
    }

    private async Task Ip(params string[] arguments)
    {
        (int exitCode, string output) = await Tool.Run(_ip, arguments);
        Assert.True(exitCode == 0, $"ip {string.Join(' ', arguments)}: {output}");
    }
}
