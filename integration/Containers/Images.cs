using System.Reflection;
using System.Text.RegularExpressions;
using Docker.DotNet;
using DotNet.Testcontainers.Images;
using Integration.Docker;
using Testing;

namespace Integration.Containers;

/// <summary>
/// The images of the agent and of the programs beside it. They are built once per run, on images of integration/prepare or of a registry.
/// </summary>
/// <param name="Neighbours">Debian with Python, Prometheus, node_exporter and ss.</param>
/// <param name="Agent">The agent's image, which has no shell.</param>
/// <param name="Libraries">The base image that integration/prepare made for the agent; null if the base comes from a registry.</param>
internal sealed partial record Images(string Neighbours, string Agent, string? Libraries)
{
    private static Images? _images;
    private static string? _lastError;

    /// <summary>Skips the test if the images can neither be built nor pulled.</summary>
    internal static async Task<Images> RequireAsync(ContainerEngine engine)
    {
        if (_images is null && _lastError is null)
        {
            (_images, _lastError) = await MakeAsync(engine);
        }

        Requires.That(_images is not null, _lastError ?? "");
        return _images!;
    }

    private static async Task<(Images? Images, string? Error)> MakeAsync(ContainerEngine engine)
    {
        string? unprepared = await PreparedErrorAsync(engine);
        if (unprepared is null)
        {
            return (await MakeFromPreparedAsync(engine), null);
        }

        string? unpulled = await PullErrorAsync(engine);
        if (unpulled is null)
        {
            try
            {
                return (await MakeFromPulledAsync(engine), null);
            }
            catch (Exception failure) when (failure is ImageBuildFailedException or DockerApiException)
            {
                // A registry may list an image and still fail to deliver it.
                unpulled = failure is DockerApiException refusal ? EngineConnection.MessageOf(refusal) : failure.Message;
            }
        }

        return (null, $"there are no images for the container tests: {unprepared} (sudo integration/prepare), and pulling and building them failed ({unpulled})");
    }

    private static async Task<Images> MakeFromPreparedAsync(ContainerEngine engine)
    {
        // The program's own version, 1.2.3+revision, needs no git.
        using BackgroundProgram program = new(PublishedProgram, ["--version"]);
        Assert.Equal(0, await program.Exit(engine.Token));
        string agent = await engine.BuildImageAsync(Repository.PathOf(""), new Dictionary<string, string>
        {
            ["PROGRAM"] = "published",
            ["BUILD_IMAGE"] = Prepared("neighbours")!,
            ["RUNTIME_IMAGE"] = Prepared("libraries")!,
            ["REVISION"] = RevisionOf(Assert.Single(program.Output)),
        });
        return new Images(Prepared("neighbours")!, agent, Prepared("libraries"));
    }

    private static async Task<Images> MakeFromPulledAsync(ContainerEngine engine)
    {
        string neighbours = await engine.BuildImageAsync(Repository.PathOf("integration/Containers"), new Dictionary<string, string>());
        string version = typeof(Images).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        string agent = await engine.BuildImageAsync(
            Repository.PathOf(""), new Dictionary<string, string> { ["REVISION"] = RevisionOf(version) });
        return new Images(neighbours, agent, Libraries: null);
    }

    private static async Task<string?> PreparedErrorAsync(ContainerEngine engine)
    {
        foreach (string kind in (string[])["neighbours", "libraries"])
        {
            if (Prepared(kind) is not { } image || !await engine.HasImageAsync(image))
            {
                return "they are not prepared";
            }
        }

        FileInfo program = new(PublishedProgram);
        DateTime published = File.GetLastWriteTimeUtc(StateOf("published"));
        FileInfo? newer = new DirectoryInfo(Repository.PathOf("src")).EnumerateFiles("*", SearchOption.AllDirectories)
            .Concat(new DirectoryInfo(Repository.PathOf("")).EnumerateFiles("Directory.*"))
            .FirstOrDefault(file => file.LastWriteTimeUtc > published && IsSourceOfProgram(file));
        return !program.Exists ? $"there is no {program.FullName}"
            : newer is not null ? $"the published program is older than {newer.FullName}"
            : null;
    }

    private static async Task<string?> PullErrorAsync(ContainerEngine engine)
    {
        foreach (string dockerfile in (string[])["integration/Containers/Dockerfile", "Dockerfile"])
        {
            foreach (Match image in BaseImages().Matches(Repository.Read(dockerfile)))
            {
                if (await engine.PullErrorAsync(image.Groups["image"].Value) is { } error)
                {
                    return error;
                }
            }
        }

        return null;
    }

    private static string PublishedProgram => Repository.PathOf("src/Agent/bin/Release/net10.0/linux-x64/publish/agent");

    private static string StateOf(string kind) => Repository.PathOf($"artifacts/integration/{kind}");

    private static string? Prepared(string kind) => File.Exists(StateOf($"{kind}-image")) ? File.ReadAllText(StateOf($"{kind}-image")).Trim() : null;

    private static string RevisionOf(string version) => version.Split('+') is [_, var revision] ? revision : "";

    private static bool IsSourceOfProgram(FileInfo file) =>
        file.Extension is ".cs" or ".csproj" or ".props" or ".targets" && !file.FullName.Contains("/obj/", StringComparison.Ordinal);

    [GeneratedRegex("^ARG [A-Z]+_IMAGE=(?<image>.+)$", RegexOptions.Multiline)]
    private static partial Regex BaseImages();
}
