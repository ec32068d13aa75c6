using System.Diagnostics;
using DotNet.Testcontainers.Containers;
using Integration.Docker;
using Testing;

namespace Integration.Containers;

/// <summary>A Docker engine that stops answering while a test has containers in it.</summary>
[Collection(nameof(OneAfterAnother))]
public sealed class EngineLossTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Lost_engine_fails_the_test_with_the_reason_and_leftovers_are_removed_when_it_is_back(bool hangs)
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        Requires.That(engine.Endpoint.Scheme == "unix", $"the proxy of this test needs an engine on a unix socket, and the engine is at {engine.Endpoint}");
        // Built over this connection, because the images outlive the connection through the proxy.
        await Images.RequireAsync(engine);
        using EngineProxy proxy = new(engine.Endpoint);
        string? id = null;
        Stopwatch lost = new();

        Exception? failure = await Record.ExceptionAsync(CountAndLoseTheEngine);

        Assert.InRange(lost.Elapsed, TimeSpan.Zero, Longest);
        Assert.NotNull(failure);
        Assert.StartsWith("The engine went away during the test", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"no Docker engine answers at {proxy.Endpoint} ", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["container", "container", "volume"], (await engine.ListAsync(id!)).Select(thing => thing.Split(' ')[0]));

        proxy.Heal();
        await using (await ContainerEngine.RequireAsync(proxy.Endpoint))
        {
            Assert.Empty(await engine.ListAsync(id!));
        }

        async Task CountAndLoseTheEngine()
        {
            await using ContainerEngine behindProxy = await ContainerEngine.RequireAsync(proxy.Endpoint);
            id = behindProxy.Id;
            TestHost host = await TestHost.StartAsync(behindProxy);
            IContainer agent = host.Agent().Build();
            await agent.StartAsync(behindProxy.Token);
            await host.WaitForTextfile("sockdiag_census_success 1");
            lost.Start();
            if (hangs)
            {
                proxy.Stall();
            }
            else
            {
                proxy.Cut();
            }

            await host.WaitForTextfile("a line that no agent writes");
        }
    }
}
