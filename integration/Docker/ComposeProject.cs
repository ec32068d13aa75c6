using Docker.DotNet;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Clients;
using Testing;

namespace Integration.Docker;

/// <summary>The containers of compose files. The class of Testcontainers for this would need an image with the compose plugin.</summary>
/// <param name="engine">The engine, which removes the containers and everything that was made with them.</param>
/// <param name="files">The compose file, followed by files that override it.</param>
/// <param name="environment">Values for the variables in the files.</param>
internal sealed class ComposeProject(ContainerEngine engine, IReadOnlyList<string> files, IReadOnlyDictionary<string, string> environment)
{
    /// <summary>Builds and starts services and their dependencies. Without names it starts all services that have no profile.</summary>
    internal async Task UpAsync(params IEnumerable<string> services)
    {
        string[] command =
        [
            .. await ProgramAsync(), "--project-name", engine.Name, .. files.SelectMany(file => (string[])["--file", file]),
            "up", "--detach", "--build", .. services,
        ];
        using BackgroundProgram compose = new(
            "env",
            [
                "COMPOSE_HTTP_TIMEOUT=180", $"DOCKER_HOST={engine.Endpoint}", .. environment.Select(variable => $"{variable.Key}={variable.Value}"),
                .. command,
            ]);
        int exitCode = await compose.Exit(engine.Token);
        Assert.True(
            exitCode == 0, $"{string.Join(' ', command)}: exit code {exitCode}\n{string.Join('\n', [.. compose.Errors, .. compose.Output])}");
    }

    internal async Task<ContainerInspectResponse> InspectAsync(string service)
    {
        FilterByProperty filters = new FilterByProperty()
            .Add("label", $"com.docker.compose.project={engine.Name}").Add("label", $"com.docker.compose.service={service}");
        ContainerListResponse container = Assert.Single(
            await engine.Client.Containers.ListContainersAsync(new ContainersListParameters { All = true, Filters = filters }, engine.Token));
        return await engine.Client.Containers.InspectContainerAsync(container.ID, engine.Token);
    }

    internal async Task<string> HealthOf(string service) => (await InspectAsync(service)).State!.Health!.Status;

    internal async Task<string> LogsOf(string service)
    {
        using MultiplexedStream logs = await engine.Client.Containers.GetContainerLogsAsync(
            (await InspectAsync(service)).ID, new ContainerLogsParameters { ShowStdout = true, ShowStderr = true }, engine.Token);
        (string output, string errors) = await logs.ReadOutputToEndAsync(engine.Token);
        return output + errors;
    }

    /// <returns>The address on which a port of a service is published: HOST:PORT.</returns>
    internal async Task<string> GetMappedPublicAddress(string service, int port)
    {
        PortBinding binding = (await InspectAsync(service)).NetworkSettings!.Ports[$"{port}/tcp"][0];
        return $"{binding.HostIP}:{binding.HostPort}";
    }

    /// <returns>The command of Compose: the plugin <c>docker compose</c>, or the older program <c>docker-compose</c>.</returns>
    private async Task<string[]> ProgramAsync()
    {
        if (Requires.Find("docker") is { } docker)
        {
            using BackgroundProgram plugin = new(docker, ["compose", "version"]);
            if (await plugin.Exit(engine.Token) == 0)
            {
                return [docker, "compose"];
            }
        }

        return [Requires.Program("docker-compose", "docker-compose")];
    }
}
