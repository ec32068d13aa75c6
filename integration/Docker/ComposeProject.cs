namespace Integration.Docker;

/// <summary>The containers of a compose file, which are gone with all that came with them when it is disposed.</summary>
/// <param name="files">The file, and others that override it.</param>
/// <param name="environment">Variables that the files ask for.</param>
internal sealed class ComposeProject(IReadOnlyList<string> files, IReadOnlyDictionary<string, string> environment) : IAsyncDisposable
{
    private readonly string _name = DockerCommand.UniqueName();
    private bool _started;

    /// <summary>Builds and starts services, and what they depend on; all that have no profile by default.</summary>
    internal async Task UpAsync(params IEnumerable<string> services)
    {
        _started = true;
        await Compose(["up", "--detach", "--build", .. services]);
    }

    internal async Task<string> HealthOf(string service) =>
        await DockerCommand.Run("inspect", "--format", "{{.State.Health.Status}}", await IdOf(service));

    internal async Task<string> LogsOf(string service)
    {
        ExecResult logs = await DockerCommand.Try("logs", await IdOf(service));
        return logs.Stdout + logs.Stderr;
    }

    /// <returns>The address and port on which a port of a service is published.</returns>
    internal async Task<string> GetMappedPublicAddress(string service, int port) =>
        (await DockerCommand.Run("port", await IdOf(service), $"{port}/tcp")).Split('\n')[0];

    public async ValueTask DisposeAsync()
    {
        if (_started)
        {
            await Compose("down", "--volumes", "--rmi", "local", "--timeout", "2");
        }
    }

    private async Task<string> IdOf(string service) => (await Compose("ps", "--quiet", service)).Trim();

    private async Task<string> Compose(params IEnumerable<string> arguments)
    {
        string[] command = [.. await DockerCommand.Compose(), "--project-name", _name, .. files.SelectMany(file => (string[])["--file", file])];
        using BackgroundProgram compose = new(
            "env", ["COMPOSE_HTTP_TIMEOUT=180", .. environment.Select(variable => $"{variable.Key}={variable.Value}"), .. command, .. arguments]);
        int exitCode = await compose.Exit();
        Assert.True(
            exitCode == 0,
            $"{string.Join(' ', [.. command, .. arguments])}: exit code {exitCode}\n{string.Join('\n', [.. compose.Errors, .. compose.Output])}");
        return string.Join('\n', compose.Output);
    }
}
