namespace Testing;

/// <summary>Requirements of a test. If one is missing, the test is skipped with the reason; it fails if CI is set.</summary>
internal static class Requires
{
    private static readonly bool IsContinuousIntegration = Environment.GetEnvironmentVariable("CI") is { Length: > 0 };

    /// <summary>Only root can create network namespaces, other users and full disks.</summary>
    internal static void Root()
    {
        if (Environment.UserName != "root" || !Environment.IsPrivilegedProcess)
        {
            Missing("the test creates network namespaces and needs root: sudo dotnet test");
        }
    }

    /// <returns>The program's full path.</returns>
    internal static string Program(string name, string debianPackage)
    {
        string? path = Find(name);
        That(path is not null, $"{name} is not installed: apt-get install {debianPackage}");
        return path!;
    }

    /// <returns>The program's full path; null where it is not installed.</returns>
    internal static string? Find(string name)
    {
        foreach (string directory in (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            string path = Path.Combine(directory, name);
            if (File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }

    internal static void That(bool condition, string reason)
    {
        if (!condition)
        {
            Missing(reason);
        }
    }

    private static void Missing(string reason)
    {
        if (IsContinuousIntegration)
        {
            Assert.Fail($"CI is set, and {reason}");
        }

        Assert.Skip(reason);
    }
}
