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
    /// <summary>Joins the network namespace of a running container.</summary>
    internal static ContainerBuilder WithNetworkOf(this ContainerBuilder builder, IContainer other) =>
        builder.WithHostConfig(host => host.NetworkMode = $"container:{other.Id}");

    /// <summary>Gives the container only a loopback interface.</summary>
    internal static ContainerBuilder WithoutNetwork(this ContainerBuilder builder) => builder.WithHostConfig(host => host.NetworkMode = "none");

    /// <summary>Drops all capabilities, forbids to gain new ones, and makes the root file system read-only.</summary>
    internal static ContainerBuilder WithLeastRights(this ContainerBuilder builder) => builder.WithHostConfig(host =>
    {
        host.ReadonlyRootfs = true;
        host.CapDrop = ["ALL"];
        host.SecurityOpt = ["no-new-privileges"];
    });

    /// <summary>Mounts a volume that copies neither content nor owner from the image's directory.</summary>
    internal static ContainerBuilder WithEmptyVolumeMount(this ContainerBuilder builder, IVolume volume, string path, AccessMode mode) => builder
        .WithVolumeMount(volume, path, mode)
        .WithHostConfig(host => host.Mounts!.Single(mount => mount.Target == path).VolumeOptions = new VolumeOptions { NoCopy = true });

    /// <summary>Publishes a port on the host's loopback address only. By default Testcontainers publishes it on every address.</summary>
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

    /// <summary>The container counts as started after it has logged a line that matches the pattern.</summary>
    internal static ContainerBuilder UntilLogged(this ContainerBuilder builder, string pattern) => builder.WithWaitStrategy(
        Wait.ForUnixContainer().UntilMessageIsLogged(
            pattern, wait => wait.WithTimeout(Poll.Timeout).WithInterval(TimeSpan.FromMilliseconds(50)).WithMode(WaitStrategyMode.Running)));
}
