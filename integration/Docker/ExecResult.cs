namespace Integration.Docker;

/// <summary>What a command printed and returned.</summary>
internal sealed record ExecResult(string Stdout, string Stderr, int ExitCode);
