using System.Text.RegularExpressions;
using Testing;

namespace Integration;

/// <summary>port-opener.py at work in a namespace, with all its clients connected.</summary>
internal sealed partial class PortOpener : IDisposable
{
    private readonly BackgroundProgram _program;

    private PortOpener(BackgroundProgram program) => _program = program;

    internal IReadOnlyList<string> Output => _program.Output;

    internal IReadOnlyList<string> Errors => _program.Errors;

    /// <summary>Starts it, and waits until it says that it opened its connections.</summary>
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

    /// <summary>Runs one that is not expected to come to work.</summary>
    /// <param name="in">Where.</param>
    /// <param name="options">Its options.</param>
    /// <param name="under">A command that runs another one, with its own arguments, to run it under.</param>
    internal static async Task<(int ExitCode, IReadOnlyList<string> Output, IReadOnlyList<string> Errors)> Run(
        TestNamespace @in, IEnumerable<string> options, params IEnumerable<string> under)
    {
        using BackgroundProgram program = new(InNamespace.Program, InNamespace.Arguments(@in, [.. under, .. Command(options)]));
        return (await program.Exit(), program.Output, program.Errors);
    }

    /// <summary>Waits for a line that comes after the clients.</summary>
    internal Task Says(string line) => _program.Until(() => Output.Contains(line), line);

    /// <summary>Ends it as users do, with SIGTERM.</summary>
    internal Task<int> Stop() => _program.Terminate();

    /// <summary>Ends it as the kernel does when memory is short, with SIGKILL.</summary>
    internal Task<int> Kill() => _program.Kill();

    public void Dispose() => _program.Dispose();

    private static IEnumerable<string> Command(IEnumerable<string> options) =>
        [Requires.Program("python3", "python3"), Repository.PathOf("integration/port-opener.py"), .. options];

    [GeneratedRegex(@"\Aopened [0-9]+ client connections\z")]
    private static partial Regex Opened();
}
