using System.Net;
using System.Reflection;

namespace Integration.Docker;

/// <summary>All container tests on a machine without a usable engine. Reflection finds them, so new tests are included.</summary>
public sealed class MissingEngineTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Missing_engine_skips_every_container_test_or_fails_it_under_CI(bool continuousIntegration)
    {
        Uri nowhere = new("unix:///no-such-directory/engine.sock");

        await AssertEveryTestEnds(nowhere, continuousIntegration, $"no Docker engine answers at {nowhere} ");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Too_new_engine_skips_every_container_test_or_fails_it_under_CI(bool continuousIntegration)
    {
        using FakeEngine engine = new(path => path == "/version"
            ? Versions(least: "99.1", newest: "99.5")
            : Refusal("client version 1.44 is too old. Minimum supported API version is 99.1, please upgrade your client to a newer version"));

        await AssertEveryTestEnds(
            engine.Endpoint, continuousIntegration, $"the Docker engine at {engine.Endpoint} is too new: it speaks API 99.1 at least");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Too_old_engine_skips_every_container_test_or_fails_it_under_CI(bool continuousIntegration)
    {
        using FakeEngine engine = new(path => path == "/version"
            ? Versions(least: "1.12", newest: "1.24")
            : Refusal("client version 1.44 is too new. Maximum supported API version is 1.24"));

        await AssertEveryTestEnds(
            engine.Endpoint, continuousIntegration, $"the Docker engine at {engine.Endpoint} is too old: it speaks API 1.24 at most");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Engine_that_refuses_every_API_version_skips_every_container_test_or_fails_it_under_CI(bool continuousIntegration)
    {
        const string Words = "client version 1.44 is too old. Minimum supported API version is 99.1";
        using FakeEngine engine = new(_ => Refusal(Words));

        await AssertEveryTestEnds(engine.Endpoint, continuousIntegration, $"the Docker engine at {engine.Endpoint} cannot be used: ", Words);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Missing_images_skip_every_container_test_or_fail_it_under_CI(bool continuousIntegration)
    {
        using FakeEngine engine = new(path => path switch
        {
            "/version" => Versions(least: "1.24", newest: "1.44"),
            _ when path.Contains("/distribution/", StringComparison.Ordinal) => (HttpStatusCode.InternalServerError, "{\"message\":\"no such host\"}\n"),
            _ when path.Contains("/volumes", StringComparison.Ordinal) => (HttpStatusCode.OK, "{}"),
            _ => (HttpStatusCode.OK, "[]"),
        });

        await AssertEveryTestEnds(engine.Endpoint, continuousIntegration, "there are no images for the container tests: ", "sudo integration/prepare", "no such host");
    }

    // The engine goes away at the ping, at the request to a registry, or at the first image. The API version is that of Testcontainers.
    [Theory]
    [InlineData("/v1.44/_ping", "[]")]
    [InlineData("/v1.44/distribution/", "[]")]
    [InlineData("/v1.44/images/create", """[{"Id":"sha256:1"}]""")]
    public async Task Engine_that_goes_away_ends_every_container_test_with_the_reason(string last, string images)
    {
        using FakeEngine engine = new(path => path switch
        {
            _ when path.StartsWith(last, StringComparison.Ordinal) => null,
            "/version" => Versions(least: "1.24", newest: "1.99"),
            _ when path.Contains("/images/json", StringComparison.Ordinal) => (HttpStatusCode.OK, images),
            _ when path.Contains("/images/", StringComparison.Ordinal) => (HttpStatusCode.NotFound, "{}"),
            _ when path.Contains("/containers/json", StringComparison.Ordinal) => (HttpStatusCode.OK, "[]"),
            _ when path.EndsWith("/networks", StringComparison.Ordinal) => (HttpStatusCode.OK, "[]"),
            _ => (HttpStatusCode.OK, "{}"),
        });

        IReadOnlyList<ContainerTestsRun.Result> results = await ContainerTestsRun.WithEngineAsync(engine.Endpoint, continuousIntegration: false);

        Assert.True(engine.IsGone, $"no test asked for {last}");
        AssertAllTestsRan(results);
        Assert.All(results, result =>
        {
            Assert.NotEqual("Pass", result.Outcome);
            Assert.Contains($"no Docker engine answers at {engine.Endpoint} ", result.Reason, StringComparison.Ordinal);
            Assert.InRange(result.Duration, TimeSpan.Zero, Longest);
        });
    }

    [Fact]
    public void Container_tests_are_exactly_the_tests_that_run_sequentially()
    {
        // Only tests of this collection may use the engine, and the tests of this class run all tests of that namespace.
        Assert.All(
            TestMethods().Select(method => method.DeclaringType!).Distinct(),
            type => Assert.Equal(
                type.Namespace == ContainerTestsRun.Namespace,
                type.GetCustomAttribute<CollectionAttribute>()?.Name == nameof(OneAfterAnother)));
    }

    private static async Task AssertEveryTestEnds(Uri engine, bool continuousIntegration, params string[] reason)
    {
        IReadOnlyList<ContainerTestsRun.Result> results = await ContainerTestsRun.WithEngineAsync(engine, continuousIntegration);

        AssertAllTestsRan(results);
        Assert.All(results, result => Assert.Equal(continuousIntegration ? "Fail" : "Skip", result.Outcome));
        string only = Assert.Single(results.Select(result => result.Reason).Distinct());
        Assert.StartsWith(continuousIntegration ? $"CI is set, and {reason[0]}" : reason[0], only, StringComparison.Ordinal);
        Assert.All(reason, part => Assert.Contains(part, only, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', only);
    }

    private static void AssertAllTestsRan(IReadOnlyList<ContainerTestsRun.Result> results) => Assert.Equal(
        TestMethods()
            .Where(method => method.DeclaringType!.Namespace == ContainerTestsRun.Namespace)
            .Select(method => $"{method.DeclaringType!.FullName}.{method.Name}")
            .Order(),
        results.Select(result => result.Test).Distinct().Order());

    private static IEnumerable<MethodInfo> TestMethods() => typeof(MissingEngineTests).Assembly.GetTypes()
        .SelectMany(type => type.GetMethods())
        .Where(method => method.GetCustomAttributes<FactAttribute>().Any());

    private static (HttpStatusCode, string) Versions(string least, string newest) =>
        (HttpStatusCode.OK, $$"""{"Version":"1","ApiVersion":"{{newest}}","MinAPIVersion":"{{least}}"}""");

    private static (HttpStatusCode, string) Refusal(string words) => (HttpStatusCode.BadRequest, $"{{\"message\":\"{words}\"}}\n");
}
