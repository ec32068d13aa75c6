namespace Testing;

/// <summary>
/// A network namespace of <c>ip netns</c> with one end of a veth pair. The other end is in a second namespace, which plays the host, and disappears when
/// the kernel removes the first namespace.
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

    /// <summary>The path of its file.</summary>
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

    /// <summary>Deletes its name. The namespace ends with its last process, descriptor and socket.</summary>
    internal Task Delete() => Ip("netns", "delete", Name);

    /// <summary>Waits until the kernel has removed it.</summary>
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
