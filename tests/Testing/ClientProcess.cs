using System.Diagnostics;

namespace Testing;

/// <summary>A client in another process: bash, which connects and holds the connection until the object is disposed.</summary>
internal sealed class ClientProcess : IDisposable
{
    private readonly Process _process;

    /// <param name="of">The server; it accepts the connection.</param>
    /// <param name="in">The namespace of the client.</param>
    /// <param name="shared">Whether a child process, cat, has the connection too.</param>
    /// <param name="through">A command that starts it, for example setpriv with options; none by default.</param>
    internal ClientProcess(Connections of, TestNamespace @in, bool shared = false, params string[] through)
    {
        // The builtin read starts no child. Both commands end with their standard input.
        string wait = shared ? "cat; true" : "read";
        string bash = Requires.Program("bash", "bash");
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(
                InNamespace.Program,
                InNamespace.Arguments(@in, [.. through, bash, "-c", $"exec 3<>/dev/tcp/127.0.0.1/{of.Port} 4<&3; {wait}"]))
            {
                RedirectStandardInput = true,
            },
        };
        Starting.Start(_process);
        of.AcceptOther();
    }

    internal int Id => _process.Id;

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
