// The only file that may use the banned Testcontainers builders: all other code must require the engine first.
#pragma warning disable RS0030
using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Clients;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Images;
using DotNet.Testcontainers.Networks;
using DotNet.Testcontainers.Volumes;
using Microsoft.Extensions.Logging.Abstractions;
using Testing;

namespace Integration.Docker;

/// <summary>
/// The Docker engine of one test: the only way to containers, networks, volumes, images and compose projects. Disposing it removes
/// everything that the test made. If the engine went away during the test, disposing it fails the test.
/// </summary>
internal sealed class ContainerEngine : IAsyncDisposable
{
    /// <summary>The label of everything that tests make. It marks the leftovers of a killed run.</summary>
    internal const string Label = "connection-agent.test";

    // Marks the images of this checkout for integration/prepare. Another checkout may be tested in the same engine.
    private const string CheckoutLabel = "connection-agent.checkout";

    private const string ComposeProjectLabel = "com.docker.compose.project";

    // Used only to find out whether Docker Hub answers. Testcontainers may use another version.
    private const string ReaperImage = "testcontainers/ryuk:0.14.0";

    private static readonly TimeSpan RegistryTimeout = TimeSpan.FromSeconds(10);

    private readonly EngineConnection _connection;
    private readonly bool _usesReaper;
    private readonly CancellationTokenSource _end;
    private readonly Task _watch;
    private int _made;

    private ContainerEngine(EngineConnection connection, bool usesReaper)
    {
        _connection = connection;
        _usesReaper = usesReaper;
        _end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken, connection.Loss);
        _watch = connection.WatchAsync(_end.Token);
    }

    /// <summary>The value of <see cref="Label"/> on everything that this test makes.</summary>
    internal string Id { get; } = Guid.NewGuid().ToString("n");

    /// <summary>The prefix of the names of everything that this test makes.</summary>
    internal string Name => NameOf(Id);

    internal Uri Endpoint => _connection.Endpoint;

    /// <summary>Is cancelled with the test, and when the engine no longer answers.</summary>
    internal CancellationToken Token => _end.Token;

    /// <summary>The client for the parts of the Docker API that Testcontainers does not cover.</summary>
    internal IDockerClient Client => _connection.Client;

    /// <summary>Connects to the engine. Skips the test if no engine answers or the tests cannot use it.</summary>
    /// <param name="endpoint">The address of the engine; null for the default of the docker command.</param>
    internal static async Task<ContainerEngine> RequireAsync(Uri? endpoint = null)
    {
        Assert.Equal(nameof(OneAfterAnother), TestContext.Current.TestCollection?.TestCollectionDisplayName);
        EngineConnection connection = EngineConnection.To(endpoint);
        string? error = await connection.AgreeAsync();
        Requires.That(error is null, error ?? "");
        ContainerEngine engine = new(connection, usesReaper: endpoint is null);
        try
        {
            await engine.ConfigureTestcontainersAsync();
            foreach (string id in connection.LeftBehind)
            {
                await RemoveAsync(connection, id);
            }

            connection.LeftBehind.Clear();
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>A container, which is removed with the test.</summary>
    internal ContainerBuilder Container(string image) => Own(new ContainerBuilder(image)).WithName(NextName());

    /// <summary>Creates a bridge network. Containers on it find each other by their aliases.</summary>
    internal async Task<INetwork> CreateNetworkAsync()
    {
        INetwork network = Own(new NetworkBuilder()).WithName(NextName()).Build();
        await network.CreateAsync(Token);
        return network;
    }

    /// <summary>Creates a named volume, which containers can share.</summary>
    internal async Task<IVolume> CreateVolumeAsync()
    {
        IVolume volume = Own(new VolumeBuilder()).WithName(NextName()).Build();
        await volume.CreateAsync(Token);
        return volume;
    }

    /// <summary>The services of compose files, which are removed with the test.</summary>
    internal ComposeProject Compose(IReadOnlyList<string> files, IReadOnlyDictionary<string, string> environment) => new(this, files, environment);

    /// <summary>Builds an image. It is kept for later tests and removed after the last one.</summary>
    /// <param name="directory">The directory of the Dockerfile, which is also the build context.</param>
    /// <param name="arguments">The build arguments.</param>
    /// <returns>The name of the image.</returns>
    internal async Task<string> BuildImageAsync(string directory, IReadOnlyDictionary<string, string> arguments)
    {
        string name = NameOf(Guid.NewGuid().ToString("n"));
        ImageFromDockerfileBuilder builder = Own(new ImageFromDockerfileBuilder())
            .WithName(name)
            .WithDockerfileDirectory(directory)
            .WithLabel(CheckoutLabel, Repository.Checkout)
            // Without this the legacy builder keeps the container of a failed step.
            .WithCreateParameterModifier(build => build.ForceRemove = true);
        IFutureDockerImage image = arguments
            .Aggregate(builder, (builder, argument) => builder.WithBuildArgument(argument.Key, argument.Value)).Build();
        _connection.Built.Add(name);
        await image.CreateAsync(Token);
        return name;
    }

    /// <summary>Removes an image of this name after the last test.</summary>
    internal void RemoveAfterLastTest(string image) => _connection.Built.Add(image);

    internal async Task<bool> HasImageAsync(string image) => (await ImagesAsync(_connection, image)).Count > 0;

    /// <summary>
    /// Asks a registry for an image that the engine does not have. If the registry does not answer within <see cref="RegistryTimeout"/>, or
    /// the engine cannot reach it, it is not asked again in this run.
    /// </summary>
    /// <returns>Why the image cannot be pulled; null if it can, or if the engine has it.</returns>
    internal async Task<string?> PullErrorAsync(string image)
    {
        if (await HasImageAsync(image))
        {
            return null;
        }

        string registry = new DockerImage(image).GetHostname() ?? "docker.io";
        if (_connection.SilentRegistries.TryGetValue(registry, out string? error))
        {
            return error;
        }

        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(Token);
        timeout.CancelAfter(RegistryTimeout);
        try
        {
            await Client.Distribution.InspectAsync(image, timeout.Token);
            return null;
        }
        catch (DockerApiException refusal) when (refusal.StatusCode < HttpStatusCode.InternalServerError)
        {
            return $"{image}: {EngineConnection.MessageOf(refusal)}";
        }
        catch (DockerApiException failure)
        {
            error = EngineConnection.MessageOf(failure);
        }
        catch (OperationCanceledException) when (!Token.IsCancellationRequested)
        {
            error = $"it does not answer within {RegistryTimeout.TotalSeconds} s";
        }

        return _connection.SilentRegistries[registry] = $"{registry}: {error}";
    }

    internal Task KillAsync(IContainer container) =>
        Client.Containers.KillContainerAsync(container.Id, new ContainerKillParameters { Signal = "SIGKILL" }, Token);

    internal Task<ContainerInspectResponse> InspectAsync(IContainer container) => Client.Containers.InspectContainerAsync(container.Id, Token);

    /// <summary>
    /// Waits for a condition that only the running container can meet. If the container ends first, or the wait times out, the test fails
    /// with the logs of the container.
    /// </summary>
    internal async Task Until(IContainer container, Func<Task<bool>> condition, string what)
    {
        try
        {
            await Poll.Until(
                async () =>
                {
                    // Read before the condition is checked: a container that ends by itself may meet the condition last.
                    bool runs = (await InspectAsync(container)).State!.Running;
                    if (await condition())
                    {
                        return true;
                    }

                    Assert.True(runs, $"{container.Image.FullName} ended before this happened: {what}");
                    return false;
                },
                what);
        }
        catch (Exception failure) when (failure is Xunit.Sdk.XunitException or DockerApiException)
        {
            (string output, string errors) = await container.GetLogsAsync(timestampsEnabled: false, ct: Token);
            Assert.Fail($"{failure.Message}\nlogs of {container.Image.FullName}:\n{output}{errors}");
        }
    }

    /// <summary>
    /// Lists everything that the engine has of a test: containers, networks, volumes and images, also of its compose project.
    /// </summary>
    /// <param name="id">The test's <see cref="Id"/>.</param>
    internal async Task<IReadOnlyList<string>> ListAsync(string id)
    {
        List<string> things = [.. (await ContainersOfAsync(_connection, id)).Select(container => $"container {container.ID}")];
        foreach (FilterByProperty filters in FiltersOf(id))
        {
            things.AddRange((await Client.Networks.ListNetworksAsync(new NetworksListParameters { Filters = filters }, _connection.Loss))
                .Select(network => $"network {network.ID}"));
            things.AddRange(((await Client.Volumes.ListAsync(new VolumesListParameters { Filters = filters }, _connection.Loss)).Volumes ?? [])
                .Select(volume => $"volume {volume.Name}"));
        }

        return [.. things, .. (await ImagesAsync(_connection, $"{NameOf(id)}*")).Select(image => $"image {image.ID}")];
    }

    public async ValueTask DisposeAsync()
    {
        string? error = await _connection.ErrorAsync();
        try
        {
            if (error is null)
            {
                await RemoveAsync(_connection, Id);
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            error = await _connection.ErrorAsync() ?? failure.Message;
        }
        finally
        {
            await _end.CancelAsync();
            await _watch;
            _end.Dispose();
        }

        if (error is not null)
        {
            _connection.LeftBehind.Add(Id);
            Assert.Fail($"The engine went away during the test. It may still have leftovers with the label {Label}={Id}: {error}");
        }
    }

    /// <summary>Removes the images that were built, and the leftovers of tests during which the engine went away.</summary>
    internal static async Task EndRunAsync()
    {
        FilterByProperty stages = new FilterByProperty().Add("label", "connection-agent.stage=program");
        foreach (EngineConnection connection in EngineConnection.TakeAll())
        {
            using EngineConnection ended = connection;
            if ((connection.LeftBehind.IsEmpty && connection.Built.IsEmpty) || await connection.AgreeAsync() is not null)
            {
                continue;
            }

            foreach (string id in connection.LeftBehind)
            {
                await RemoveAsync(connection, id);
            }

            foreach (string image in connection.Built)
            {
                await RemoveImagesAsync(connection, image);
            }

            // The legacy builder leaves an image of the program stage behind.
            await connection.Client.Images.PruneImagesAsync(new ImagesPruneParameters { Filters = stages }, connection.Loss);
        }
    }

    private static async Task<IReadOnlyList<ContainerListResponse>> ContainersOfAsync(EngineConnection connection, string id)
    {
        List<ContainerListResponse> containers = [];
        foreach (FilterByProperty filters in FiltersOf(id))
        {
            containers.AddRange(
                await connection.Client.Containers.ListContainersAsync(new ContainersListParameters { All = true, Filters = filters }, connection.Loss));
        }

        return containers;
    }

    private static Task<IList<ImagesListResponse>> ImagesAsync(EngineConnection connection, string reference) => connection.Client.Images.ListImagesAsync(
        new ImagesListParameters { Filters = new FilterByProperty().Add("reference", reference) }, connection.Loss);

    private static async Task RemoveImagesAsync(EngineConnection connection, string name)
    {
        // One image may have the names of several tests.
        foreach (string tag in (await ImagesAsync(connection, $"{name}*")).SelectMany(image => image.RepoTags ?? []))
        {
            if (tag.StartsWith(name, StringComparison.Ordinal))
            {
                await connection.Client.Images.DeleteImageAsync(tag, new ImageDeleteParameters { Force = true }, connection.Loss);
            }
        }
    }

    private static string NameOf(string id) => $"connection-agent-test-{id}";

    private static FilterByProperty[] FiltersOf(string id) =>
    [
        new FilterByProperty().Add("label", $"{Label}={id}"),
        new FilterByProperty().Add("label", $"{ComposeProjectLabel}={NameOf(id)}"),
    ];

    private TBuilder Own<TBuilder, TResource, TParameters>(IAbstractBuilder<TBuilder, TResource, TParameters> builder)
        where TBuilder : IAbstractBuilder<TBuilder, TResource, TParameters> => builder
        .WithDockerEndpoint(_connection)
        .WithLogger(NullLogger.Instance)
        .WithCleanUp(_usesReaper)
        .WithLabel(Label, Id);

    private string NextName() => $"{Name}-{Interlocked.Increment(ref _made)}";

    /// <summary>Changes only those defaults of Testcontainers that cannot work on this machine.</summary>
    private async Task ConfigureTestcontainersAsync()
    {
        // In a container, Testcontainers would use the gateway of the container's network as the host. But the engine may run in the same
        // container.
        if (Endpoint.Scheme == "unix" && File.Exists("/.dockerenv"))
        {
            TestcontainersSettings.DockerHostOverride ??= "127.0.0.1";
        }

        // If the reaper's image is not available, Testcontainers could start no container.
        if (_usesReaper && TestcontainersSettings.ResourceReaperEnabled && TestcontainersSettings.ResourceReaperImage is null
            && !await HasImageAsync("testcontainers/ryuk") && await PullErrorAsync(ReaperImage) is not null)
        {
            TestcontainersSettings.ResourceReaperEnabled = false;
        }
    }

    /// <summary>Removes everything that a test made. The engine may keep it in use for a moment after the last container is gone.</summary>
    private static async Task RemoveAsync(EngineConnection connection, string id)
    {
        if (await TryRemoveAsync(connection, id) is { } refusal)
        {
            await Poll.InCleanUp(
                async () => await TryRemoveAsync(connection, id) is null, $"everything with the label {Label}={id} is removed: {refusal}", connection.Loss);
        }
    }

    /// <returns>Why the engine refuses to remove something; null if everything is gone.</returns>
    private static async Task<string?> TryRemoveAsync(EngineConnection connection, string id)
    {
        CancellationToken loss = connection.Loss;
        IDockerClient client = connection.Client;
        try
        {
            ContainerRemoveParameters all = new() { Force = true, RemoveVolumes = true };
            await Task.WhenAll((await ContainersOfAsync(connection, id)).Select(container => client.Containers.RemoveContainerAsync(container.ID, all, loss)));
            foreach (FilterByProperty filters in FiltersOf(id))
            {
                NetworksListParameters networks = new() { Filters = filters };
                foreach (NetworkResponse network in await client.Networks.ListNetworksAsync(networks, loss))
                {
                    await client.Networks.DeleteNetworkAsync(network.ID, loss);
                }

                VolumesListParameters volumes = new() { Filters = filters };
                foreach (VolumeResponse volume in (await client.Volumes.ListAsync(volumes, loss)).Volumes ?? [])
                {
                    await client.Volumes.RemoveAsync(volume.Name, force: null, loss);
                }
            }

            // The images that Compose has built.
            await RemoveImagesAsync(connection, NameOf(id));
            return null;
        }
        catch (DockerApiException refusal)
        {
            return EngineConnection.MessageOf(refusal);
        }
    }
}
