using Testing;

namespace Integration.Containers;

/// <summary>The images that integration/prepare makes of this checkout.</summary>
internal static class Images
{
    /// <summary>The agent as users get it, without a shell.</summary>
    internal static string Agent => NameOf("agent", builtFrom: "src");

    /// <summary>Debian with Python, Prometheus, node_exporter and ss.</summary>
    internal static string Neighbours => NameOf("neighbours");

    /// <summary>What the agent's image is made on.</summary>
    internal static string Libraries => NameOf("libraries");

    private static string NameOf(string kind, string? builtFrom = null)
    {
        FileInfo name = new(Repository.PathOf($"artifacts/integration/{kind}-image"));
        Requires.That(name.Exists, "the images for it are not there: sudo integration/prepare makes them");
        if (builtFrom is not null)
        {
            FileInfo? newer = new DirectoryInfo(Repository.PathOf(builtFrom)).EnumerateFiles("*.cs", SearchOption.AllDirectories)
                .FirstOrDefault(file => file.LastWriteTimeUtc > name.LastWriteTimeUtc && !IsGenerated(file));
            Requires.That(newer is null, $"the agent's image is older than {newer?.FullName}: sudo integration/prepare makes it anew");
        }

        return File.ReadAllText(name.FullName).Trim();
    }

    private static bool IsGenerated(FileInfo file) => file.FullName.Contains("/obj/", StringComparison.Ordinal);
}
