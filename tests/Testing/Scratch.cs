namespace Testing;

/// <summary>A directory of the test's own that goes with it.</summary>
internal sealed class Scratch : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("agent-test-");

    internal string Path => _directory.FullName;

    internal string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => _directory.Delete(recursive: true);
}
