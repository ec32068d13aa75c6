using System.Diagnostics;

namespace Testing;

/// <summary>
/// Starts processes one at a time. Between fork and execve, a new process has a copy of every descriptor, and a file that is closed meanwhile stays
/// open. Code that must close a file at once holds the gate.
/// </summary>
internal static class Starting
{
    internal static readonly Lock Gate = new();

    /// <summary>Starts a process and returns after its execve.</summary>
    internal static void Start(Process process)
    {
        lock (Gate)
        {
            process.Start();
        }
    }
}
