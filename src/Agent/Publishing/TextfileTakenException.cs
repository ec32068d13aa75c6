namespace Agent.Publishing;

/// <summary>Another agent that runs writes the same file.</summary>
internal sealed class TextfileTakenException(string path)
    : Exception($"another agent already writes {path}; stop it, or give this one another --textfile-directory");
