using System.Globalization;
using Testing;

namespace Integration.Docker;

/// <summary>A container, which is gone with its anonymous volumes when it is disposed.</summary>
internal sealed class Container(IReadOnlyList<string> options, IReadOnlyList<string> imageAndCommand, IReadOnlyList<int> ports) : IAsyncDisposable
{
    private readonly Dictionary<int, ushort> _publicPorts = [];
    private bool _started;

    internal string Name { get; } = DockerCommand.UniqueName();

    /// <summary>Starts it, also again. It need not be ready for anything when this returns.</summary>
    internal async Task StartAsync()
    {
        if (!_started)
        {
            _started = true;
            await DockerCommand.Run(["create", "--name", Name, "--label", DockerCommand.Label, .. options, .. imageAndCommand]);
        }

        await DockerCommand.Run("start", Name);
        foreach (int port in ports)
        {
            string address = (await DockerCommand.Run("port", Name, $"{port}/tcp")).Split('\n')[0];
            _publicPorts[port] = ushort.Parse(address.AsSpan(address.LastIndexOf(':') + 1), CultureInfo.InvariantCulture);
        }
    }

    /// <summary>SIGTERM, and SIGKILL to what has not ended then.</summary>
    /// <param name="patience">In whole seconds.</param>
    /// <returns>The exit code.</returns>
    internal async Task<int> StopAsync(TimeSpan patience)
    {
        await DockerCommand.Run("stop", "--time", $"{patience.TotalSeconds:0}", Name);
        return await GetExitCodeAsync();
    }

    internal async Task KillAsync() => await DockerCommand.Run("kill", Name);

    internal Task<ExecResult> ExecAsync(params IEnumerable<string> command) => DockerCommand.Try(["exec", Name, .. command]);

    internal async Task<(string Stdout, string Stderr)> GetLogsAsync()
    {
        ExecResult logs = await DockerCommand.Try("logs", Name);
        return (logs.Stdout, logs.Stderr);
    }

    internal ushort GetMappedPublicPort(int port) => _publicPorts[port];

    /// <summary>Waits for the container's own end.</summary>
    internal async Task<int> GetExitCodeAsync() =>
        int.Parse(await DockerCommand.Run("wait", Name), CultureInfo.InvariantCulture);

    /// <param name="format">A Go template over what <c>docker inspect</c> tells.</param>
    internal Task<string> InspectAsync(string format) => DockerCommand.Run("inspect", "--format", format, Name);

    /// <summary>The address in the one network that it is in.</summary>
    internal Task<string> GetIpAddressAsync() => InspectAsync("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}");

    /// <summary>
    /// Waits for a condition that only the running container can fulfil: where it ends before, or the condition stays away, the test fails with
    /// its logs.
    /// </summary>
    internal async Task Until(Func<Task<bool>> condition, string what)
    {
        try
        {
            await Poll.Until(
                async () =>
                {
                    // Asked before the condition, which may be met by the last act of a container that ends by itself.
                    bool runs = await InspectAsync("{{.State.Running}}") == "true";
                    if (await condition())
                    {
                        return true;
                    }

                    Assert.True(runs, $"{string.Join(' ', imageAndCommand)} ended before: {what}");
                    return false;
                },
                what);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            (string output, string errors) = await GetLogsAsync();
            Assert.Fail($"{failure.Message}\nlogs of {string.Join(' ', imageAndCommand)}:\n{output}{errors}");
        }
    }

    internal Task UntilLogged(string text) => Until(
        async () =>
        {
            (string output, string errors) = await GetLogsAsync();
            return (output + errors).Contains(text, StringComparison.Ordinal);
        },
        text);

    public async ValueTask DisposeAsync()
    {
        if (_started)
        {
            await DockerCommand.Remove("rm", "--force", "--volumes", Name);
        }
    }
}
