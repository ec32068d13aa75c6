using System.Xml.Linq;
using Testing;

namespace Integration.Docker;

/// <summary>All tests with containers in a process of their own, in another environment.</summary>
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
        return [.. XDocument.Load(scratch["results.xml"]).Descendants("test").Select(Result.Of)];
    }

    /// <param name="Test">The method, with its class.</param>
    /// <param name="Outcome"><c>Pass</c>, <c>Fail</c> or <c>Skip</c>.</param>
    /// <param name="Reason">Why it did not pass.</param>
    /// <param name="Duration">How long it took.</param>
    internal sealed record Result(string Test, string Outcome, string Reason, TimeSpan Duration)
    {
        internal static Result Of(XElement test) => new(
            $"{(string?)test.Attribute("type")}.{(string?)test.Attribute("method")}",
            (string?)test.Attribute("result") ?? "",
            ((string?)test.Element("reason") ?? (string?)test.Element("failure")?.Element("message") ?? "").Trim(),
            TimeSpan.FromSeconds((double?)test.Attribute("time") ?? 0));
    }
}
