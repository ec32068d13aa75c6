namespace Testing;

/// <summary>A temporary directory of one test, which deletes it at its end.</summary>
internal sealed class Scratch : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("agent-test-");

    internal string Path => _directory.FullName;

    internal string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => _directory.Delete(recursive: true);
}
