namespace Testing;

/// <summary>What a test needs of the machine: where it is missing the test skips with the reason, and fails where CI is set.</summary>
internal static class Requires
{
    private static readonly bool IsContinuousIntegration = Environment.GetEnvironmentVariable("CI") is { Length: > 0 };

    /// <summary>Namespaces, other users and full disks are root's to make.</summary>
    internal static void Root()
    {
        if (Environment.UserName != "root" || !Environment.IsPrivilegedProcess)
        {
            Missing("it makes network namespaces and needs root: sudo dotnet test");
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
