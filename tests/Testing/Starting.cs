using System.Diagnostics;

namespace Testing;

/// <summary>
/// Starts processes one at a time. From its birth until it executes its program a process has a copy of every descriptor, and what is closed
/// meanwhile stays open: who closes something that has to be gone at once holds the gate.
/// </summary>
internal static class Starting
{
    internal static readonly Lock Gate = new();

    /// <summary>Returns when it executes its program.</summary>
    internal static void Start(Process process)
    {
        lock (Gate)
        {
            process.Start();
        }
    }
}
