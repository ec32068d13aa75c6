namespace Testing;

/// <summary>
/// Builds commands that run inside a namespace. They use nsenter, which is replaced by the command. Process.Start on the namespace's thread would not
/// work: a thread starts in the namespace of its parent, so the threads with which .NET reads the output would stay there and serve other tests.
/// </summary>
internal static class InNamespace
{
    /// <summary>The path of nsenter, for <see cref="Arguments"/>.</summary>
    internal static string Program => Requires.Program("nsenter", "util-linux");

    internal static IEnumerable<string> Arguments(TestNamespace @in, params IEnumerable<string> command) =>
        [$"--net={@in.Path}", "--", .. command];
}
