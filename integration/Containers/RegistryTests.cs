using System.Net;
using System.Net.Sockets;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Containers;
using Integration.Docker;
using Testing;

namespace Integration.Containers;

/// <summary>Images from a registry, and a registry that does not answer. The engine accepts a registry on loopback without TLS.</summary>
[Collection(nameof(OneAfterAnother))]
public sealed class RegistryTests
{
    [Fact]
    public async Task Neighbours_image_is_built_on_an_image_from_a_registry()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        Images images = await Images.RequireAsync(engine);
        using Scratch scratch = new();
        string address = Loopback.FreeAddress();
        File.WriteAllText(scratch["config.yml"], $$"""
            version: 0.1
            storage: { filesystem: { rootdirectory: '{{scratch["images"]}}' } }
            http: { addr: '{{address}}' }

            """);
        using BackgroundProgram registry = new(Requires.Program("docker-registry", "docker-registry"), ["serve", scratch["config.yml"]]);
        using HttpClient client = new(new SocketsHttpHandler { UseProxy = false });
        await registry.Until(() => Loopback.Get(client, new Uri($"http://{address}/v2/")) is not null, "the registry answers");
        string image = $"{address}/{engine.Name}:latest";
        engine.RemoveAfterLastTest(image);
        Assert.Contains("manifest unknown", await engine.PullErrorAsync(image), StringComparison.Ordinal);
        await PushAsync(engine, images.Neighbours, image);
        Assert.False(await engine.HasImageAsync(image));

        string built = await engine.BuildImageAsync(
            Repository.PathOf("integration/Containers"), new Dictionary<string, string> { ["BASE_IMAGE"] = image });

        Assert.True(await engine.HasImageAsync(image));
        IContainer neighbours = engine.Container(built)
            .WithoutNetwork()
            .WithCommand("sh", "-c", "command -v ss ps prometheus prometheus-node-exporter python3")
            .Build();
        await neighbours.StartAsync(engine.Token);
        Assert.Equal(0, await neighbours.GetExitCodeAsync(engine.Token));
    }

    [Fact]
    public async Task Silent_registry_is_asked_only_once_with_a_timeout()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        await Images.RequireAsync(engine);
        using Socket silent = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen();
        string image = $"{silent.LocalEndPoint}/nothing:latest";

        string? error = await engine.PullErrorAsync(image);

        Assert.Contains($"{silent.LocalEndPoint}: it does not answer", error, StringComparison.Ordinal);
        Assert.True(silent.Poll(0, SelectMode.SelectRead), "the engine has not asked the registry");
        silent.Dispose();
        // A second request would be refused and give another error.
        Assert.Equal(error, await engine.PullErrorAsync(image));
    }

    private static async Task PushAsync(ContainerEngine engine, string local, string image)
    {
        int colon = image.LastIndexOf(':');
        await engine.Client.Images.TagImageAsync(
            local, new ImageTagParameters { RepositoryName = image[..colon], Tag = image[(colon + 1)..] }, engine.Token);
        await engine.Client.Images.PushImageAsync(image, new ImagePushParameters(), new AuthConfig(), new Progress<JSONMessage>(), engine.Token);
        await engine.Client.Images.DeleteImageAsync(image, new ImageDeleteParameters(), engine.Token);
    }
}
