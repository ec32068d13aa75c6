using Testing;

namespace Agent.Tests.Cli.Rendering;

/// <summary>
/// Compares an output with a file in Golden/. <c>UPDATE_GOLDEN=1 dotnet test</c> rewrites the files; review the diff afterwards.
/// </summary>
internal static class GoldenFile
{
    internal static string PathOf(string name) => Repository.PathOf(Path.Combine("tests", "Agent.Tests", "Golden", name));

    internal static void Holds(string name, string text)
    {
        string path = PathOf(name);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") is { Length: > 0 })
        {
            File.WriteAllText(path, text);
        }

        Assert.Equal(File.ReadAllText(path), text);
    }
}
