using System.Text.RegularExpressions;
using Testing;

namespace Integration;

/// <summary>A running port-opener.py in a network namespace, with all its clients connected.</summary>
internal sealed partial class PortOpener : IDisposable
{
    private readonly BackgroundProgram _program;

    private PortOpener(BackgroundProgram program) => _program = program;

    internal IReadOnlyList<string> Output => _program.Output;

    internal IReadOnlyList<string> Errors => _program.Errors;

    /// <summary>Starts it and waits until it reports that it opened its connections.</summary>
    internal static async Task<PortOpener> Start(TestNamespace @in, params IEnumerable<string> options)
    {
        PortOpener opener = new(new BackgroundProgram(InNamespace.Program, InNamespace.Arguments(@in, Command(options))));
        try
        {
            await opener._program.Until(() => opener.Output.Any(line => Opened().IsMatch(line)), "opened N client connections");
            return opener;
        }
        catch
        {
            opener.Dispose();
            throw;
        }
    }

    /// <summary>Runs port-opener.py until it ends by itself.</summary>
    /// <param name="in">The network namespace.</param>
    /// <param name="options">Its options.</param>
    /// <param name="under">A command, with arguments, that starts port-opener.py; such as <c>setpriv</c>.</param>
    internal static async Task<(int ExitCode, IReadOnlyList<string> Output, IReadOnlyList<string> Errors)> Run(
        TestNamespace @in, IEnumerable<string> options, params IEnumerable<string> under)
    {
        using BackgroundProgram program = new(InNamespace.Program, InNamespace.Arguments(@in, [.. under, .. Command(options)]));
        return (await program.Exit(), program.Output, program.Errors);
    }

    /// <summary>Waits for a line that it prints after it has opened the clients' connections.</summary>
    internal Task WaitForLine(string line) => _program.Until(() => Output.Contains(line), line);

    /// <summary>Ends it with SIGTERM, as users do.</summary>
    internal Task<int> Stop() => _program.Terminate();

    /// <summary>Ends it with SIGKILL, as the kernel does when memory runs out.</summary>
    internal Task<int> Kill() => _program.Kill();

    public void Dispose() => _program.Dispose();

    private static IEnumerable<string> Command(IEnumerable<string> options) =>
        [Requires.Program("python3", "python3"), Repository.PathOf("integration/port-opener.py"), .. options];

    [GeneratedRegex(@"\Aopened [0-9]+ client connections\z")]
    private static partial Regex Opened();
}
