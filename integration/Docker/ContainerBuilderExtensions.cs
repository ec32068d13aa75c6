using Docker.DotNet.Models;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Volumes;
using Testing;

namespace Integration.Docker;

/// <summary>Options of <c>docker run</c> that Testcontainers has no method for.</summary>
internal static class ContainerBuilderExtensions
{
    /// <summary>In the network namespace of a container that runs.</summary>
    internal static ContainerBuilder WithNetworkOf(this ContainerBuilder builder, IContainer other) =>
        builder.WithHostConfig(host => host.NetworkMode = $"container:{other.Id}");

    /// <summary>Loopback alone.</summary>
    internal static ContainerBuilder WithoutNetwork(this ContainerBuilder builder) => builder.WithHostConfig(host => host.NetworkMode = "none");

    /// <summary>No capability, no way to get one, and nothing of the image can be written.</summary>
    internal static ContainerBuilder WithLeastRights(this ContainerBuilder builder) => builder.WithHostConfig(host =>
    {
        host.ReadonlyRootfs = true;
        host.CapDrop = ["ALL"];
        host.SecurityOpt = ["no-new-privileges"];
    });

    /// <summary>A volume that takes neither content nor owner of the image's directory.</summary>
    internal static ContainerBuilder WithEmptyVolumeMount(this ContainerBuilder builder, IVolume volume, string path, AccessMode mode) => builder
        .WithVolumeMount(volume, path, mode)
        .WithHostConfig(host => host.Mounts!.Single(mount => mount.Target == path).VolumeOptions = new VolumeOptions { NoCopy = true });

    /// <summary>A port on the host's loopback; Testcontainers alone would publish it on every address.</summary>
    internal static ContainerBuilder WithLoopbackPortBinding(this ContainerBuilder builder, int port) => builder
        .WithPortBinding(port, assignRandomHostPort: true)
        .WithHostConfig(host =>
        {
            foreach (PortBinding binding in host.PortBindings.Values.SelectMany(bindings => bindings))
            {
                binding.HostIP = "127.0.0.1";
            }
        });

    internal static ContainerBuilder WithUser(this ContainerBuilder builder, string user) =>
        builder.WithCreateParameterModifier(create => create.User = user);

    internal static ContainerBuilder WithHostConfig(this ContainerBuilder builder, Action<HostConfig> change) =>
        builder.WithCreateParameterModifier(create => change(create.HostConfig!));

    /// <summary>The container counts as started when it has logged this.</summary>
    internal static ContainerBuilder UntilLogged(this ContainerBuilder builder, string pattern) => builder.WithWaitStrategy(
        Wait.ForUnixContainer().UntilMessageIsLogged(
            pattern, wait => wait.WithTimeout(Poll.Timeout).WithInterval(TimeSpan.FromMilliseconds(50)).WithMode(WaitStrategyMode.Running)));
}
