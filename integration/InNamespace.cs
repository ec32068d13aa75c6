using Testing;

namespace Integration;

/// <summary>
/// Makes commands that run inside a namespace. With nsenter, which becomes the command, and not with Process.Start on the namespace's thread:
/// the thread pool may grow from there, and its threads would stay in the namespace and serve other tests.
/// </summary>
internal static class InNamespace
{
    /// <summary>The nsenter that <see cref="Arguments"/> are for.</summary>
    internal static string Program => Requires.Program("nsenter", "util-linux");

    internal static IEnumerable<string> Arguments(TestNamespace @in, params IEnumerable<string> command) => [$"--net={@in.Path}", "--", .. command];
}
