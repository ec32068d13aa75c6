namespace Testing;

/// <summary>
/// Makes commands that run inside a namespace. With nsenter, which becomes the command, and not with Process.Start on the namespace's
/// thread: a thread is born into its parent's namespace, and those that .NET makes to read the command's output would serve other tests
/// from there.
/// </summary>
internal static class InNamespace
{
    /// <summary>The nsenter that <see cref="Arguments"/> are for.</summary>
    internal static string Program => Requires.Program("nsenter", "util-linux");

    internal static IEnumerable<string> Arguments(TestNamespace @in, params IEnumerable<string> command) =>
        [$"--net={@in.Path}", "--", .. command];
}
