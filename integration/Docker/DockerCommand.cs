using Testing;

namespace Integration.Docker;

/// <summary>
/// The docker command, in place of Testcontainers, whose packages the feed does not have. All that this folder makes carries
/// <see cref="Label"/>: what a test run that was killed left behind is found by it.
/// </summary>
internal static class DockerCommand
{
    internal const string Label = "connection-agent.test";

    private static readonly SemaphoreSlim Gate = new(1, 1);
    private static bool? _engineAnswers;

    /// <summary>Skips the test where no engine answers.</summary>
    internal static async Task RequireEngine()
    {
        await Gate.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            _engineAnswers ??= (await Try("version", "--format", "{{.Server.Version}}")).ExitCode == 0;
        }
        finally
        {
            Gate.Release();
        }

        Requires.That(_engineAnswers.Value, "no Docker engine answers: sudo integration/prepare starts one");
    }

    /// <returns>What it printed on standard output, without the line's end.</returns>
    internal static async Task<string> Run(params IEnumerable<string> arguments)
    {
        ExecResult result = await Try(arguments);
        Assert.True(result.ExitCode == 0, $"docker {string.Join(' ', arguments)}: exit code {result.ExitCode}\n{result.Stderr}{result.Stdout}");
        return result.Stdout.TrimEnd('\n');
    }

    internal static async Task<ExecResult> Try(params IEnumerable<string> arguments)
    {
        using BackgroundProgram docker = new(Requires.Program("docker", "docker.io"), arguments);
        int exitCode = await docker.Exit();
        return new ExecResult(Text(docker.Output), Text(docker.Errors), exitCode);
    }

    /// <summary>Removes what the engine may have in use for a moment after its last user has gone.</summary>
    internal static async Task Remove(params IReadOnlyList<string> arguments)
    {
        ExecResult last = await Try(arguments);
        await Poll.Until(
            async () => last.ExitCode == 0 || (last = await Try(arguments)).ExitCode == 0 || last.Stderr.Contains("No such", StringComparison.OrdinalIgnoreCase),
            $"docker {string.Join(' ', arguments)}: {last.Stderr}");
    }

    /// <returns>The command that Compose is: docker's own, or the program that it was before.</returns>
    internal static async Task<string[]> Compose() =>
        (await Try("compose", "version")).ExitCode == 0 ? ["docker", "compose"] : [Requires.Program("docker-compose", "docker-compose")];

    /// <returns>A name that nothing else in the engine has.</returns>
    internal static string UniqueName() => $"{Label.Replace('.', '-')}-{Guid.NewGuid():n}";

    private static string Text(IReadOnlyList<string> lines) => string.Concat(lines.Select(line => line + '\n'));
}
