using System.Security.Cryptography;
using System.Text;

namespace Testing;

/// <summary>The files of this repository, for tests that compare documents and scripts with the program.</summary>
internal static class Repository
{
    private static readonly string Root = FindRoot();

    /// <summary>Distinguishes this checkout from others: the first digits of the checksum of its path, as in integration/prepare.</summary>
    internal static string Checkout { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Root}\n")))[..8];

    internal static string PathOf(string relativePath) => Path.Combine(Root, relativePath);

    internal static string Read(string relativePath) => File.ReadAllText(PathOf(relativePath));

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Agent.sln")))
            {
                return directory.FullName;
            }
        }

        throw new DirectoryNotFoundException("Agent.sln is in none of the directories above the tests");
    }
}
