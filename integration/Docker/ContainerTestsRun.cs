using System.Xml.Linq;
using Testing;

namespace Integration.Docker;

/// <summary>A run of all container tests in a separate process, with other environment variables.</summary>
internal static class ContainerTestsRun
{
    internal const string Namespace = "Integration.Containers";

    /// <param name="engine">The value of <c>DOCKER_HOST</c>.</param>
    /// <param name="continuousIntegration">Whether <c>CI</c> is set.</param>
    internal static async Task<IReadOnlyList<Result>> WithEngineAsync(Uri engine, bool continuousIntegration)
    {
        using Scratch scratch = new();
        using BackgroundProgram run = new(
            "env",
            [
                "--unset=DOCKER_API_VERSION", continuousIntegration ? "CI=true" : "--unset=CI", $"DOCKER_HOST={engine}",
                "dotnet", typeof(ContainerTestsRun).Assembly.Location, "-namespace", Namespace, "-result-xml", scratch["results.xml"],
            ]);
        await run.Exit(TestContext.Current.CancellationToken);
        Assert.True(File.Exists(scratch["results.xml"]), string.Join('\n', [.. run.Output, .. run.Errors]));
        return [.. XDocument.Load(scratch["results.xml"]).Descendants("test").Select(Result.Parse)];
    }

    /// <param name="Test">The test method, with its class.</param>
    /// <param name="Outcome"><c>Pass</c>, <c>Fail</c> or <c>Skip</c>.</param>
    /// <param name="Reason">Why the test was skipped or failed.</param>
    /// <param name="Duration">How long the test took.</param>
    internal sealed record Result(string Test, string Outcome, string Reason, TimeSpan Duration)
    {
        internal static Result Parse(XElement test) => new(
            $"{(string?)test.Attribute("type")}.{(string?)test.Attribute("method")}",
            (string?)test.Attribute("result") ?? "",
            ((string?)test.Element("reason") ?? (string?)test.Element("failure")?.Element("message") ?? "").Trim(),
            TimeSpan.FromSeconds((double?)test.Attribute("time") ?? 0));
    }
}
