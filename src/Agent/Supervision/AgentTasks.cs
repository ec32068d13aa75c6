using System.Collections.Immutable;
using Agent.Configuration;
using Agent.Metrics;
using Agent.Publishing;
using Agent.Publishing.Http;
using Agent.Supervision.Tasks;
using Agent.Watching;
using Agent.Watching.Latest;
using Agent.Watching.Limits;
using Microsoft.Extensions.Logging;

namespace Agent.Supervision;

/// <summary>Makes the tasks that the settings ask for, at the start and whenever there are new ones.</summary>
/// <param name="supervisor">Runs them.</param>
/// <param name="serviceManager">Is told how they are.</param>
/// <param name="read">Reads all settings anew.</param>
/// <param name="reloadAsked">Is set when that is to be done.</param>
/// <param name="time">The clock.</param>
/// <param name="loggers">For what each task has to say.</param>
internal sealed class AgentTasks(
    Supervisor supervisor,
    ServiceManager serviceManager,
    Func<Settings> read,
    AutoResetEvent reloadAsked,
    TimeProvider time,
    ILoggerFactory loggers)
{
    private static readonly TimeSpan LongestAcquisition = TimeSpan.FromSeconds(5);

    private readonly LatestCounts _latest = new(time);
    private readonly LimitCache _limits = new();
    private readonly SharedBudgetNotices _budgets = new(time, loggers.CreateLogger<SharedBudgetNotices>());
    private readonly ReloadState _reload = new(time.GetUtcNow());
    private volatile EndpointContent? _content;
    private volatile Settings? _settings;
    private Textfile? _textfile;

    /// <summary>What the agent does, in a few words.</summary>
    internal string Doing => _settings is { } settings
        ? $"counting every {Duration.Format(settings.Interval.Value)}, {Publishing(settings)}"
        : "starting";

    private string Publishing(Settings settings) => (_textfile, settings.Endpoint) switch
    {
        ({ } file, null) => $"writing {file.FilePath}",
        (null, { } endpoint) => $"serving {endpoint.Listen}",
        ({ } file, { } endpoint) => $"writing {file.FilePath}, serving {endpoint.Listen}",
        _ => "publishing nothing",
    };

    /// <summary>Takes the textfile, before anything is said or done.</summary>
    /// <exception cref="TextfileTakenException">Another agent writes it.</exception>
    internal void Prepare(Settings settings)
    {
        _textfile = TextfileOf(settings);
        _settings = settings;
    }

    /// <summary>From now on the agent goes by these settings.</summary>
    /// <returns>False when it ends, and nothing has changed.</returns>
    /// <exception cref="TextfileTakenException">Another agent writes the textfile; nothing has changed.</exception>
    internal async Task<bool> ApplyAsync(Settings settings)
    {
        Textfile? former = _textfile;
        Prepare(settings);
        ImmutableArray<WatchedNamespace> namespaces = settings.Namespaces;
        bool isApplied = await supervisor.ReplaceAsync(
        [
            .. _latest.Replace(namespaces, settings.Interval.Value).Select(
                place => new CensusTask(place, settings.Interval.Value, found => Record(place, found), time, Begin)),
            .. Discoveries(namespaces),
            .. _textfile is { } textfile ? new SupervisedTask[] { Write(textfile) } : [],
            .. settings.Endpoint is { } endpoint ? new SupervisedTask[] { Serve(endpoint) } : [],
            .. settings.Source is null ? [] : new SupervisedTask[] { ReadAnew(settings.Source) },
            .. serviceManager.IsThere ? new SupervisedTask[] { new ServiceManagerTask(serviceManager, supervisor, time) } : [],
        ]);
        if (!isApplied && _textfile is { } unused && unused != former)
        {
            Release(unused);
        }

        return isApplied;
    }

    /// <summary>The same, where an endpoint that works is not to be given up for one that cannot.</summary>
    /// <exception cref="ConfigurationException">Its files cannot be used; nothing has changed.</exception>
    private Task<bool> ReloadAsync(Settings settings)
    {
        if (settings.Endpoint is { } endpoint)
        {
            Endpoint.CheckFiles(endpoint, loggers);
        }

        return ApplyAsync(settings);
    }

    /// <summary>The textfile that there is already where it stays the same one.</summary>
    private Textfile? TextfileOf(Settings settings)
    {
        if (settings.TextfileDirectory.Value is not { } directory)
        {
            return null;
        }

        if (_settings?.TextfileDirectory.Value == directory)
        {
            return _textfile;
        }

        Textfile textfile = new(directory);
        // Who writes it meets the failure again, tells of it and goes on trying; but one that there is already is not given up for that.
        if (FailureToAcquire(textfile) is { } failure && _textfile is not null)
        {
            Release(textfile);
            throw new ConfigurationException($"{textfile.FilePath} cannot be written: {failure}");
        }

        return textfile;
    }

    /// <returns>Why the textfile cannot be written; null when it can.</returns>
    /// <exception cref="TextfileTakenException">Another agent writes it.</exception>
    private static string? FailureToAcquire(Textfile textfile)
    {
        try
        {
            // A disk that hangs holds up the textfile, and nothing else.
            return Task.Run(textfile.Acquire).Wait(LongestAcquisition)
                ? null
                : $"its directory gives no answer within {LongestAcquisition.TotalSeconds} s";
        }
        catch (AggregateException failed) when (failed.InnerException is TextfileTakenException taken)
        {
            throw taken;
        }
        catch (AggregateException failed) when (failed.InnerException is IOException or UnauthorizedAccessException)
        {
            return failed.InnerException.Message;
        }
    }

    private static void Release(Textfile textfile)
    {
        try
        {
            textfile.Dispose();
        }
        catch (IOException)
        {
            // It hangs, and gives itself free when that is over.
        }
    }

    private void Record(CensusPlace place, NamespaceCounts found)
    {
        if (_content is { } content)
        {
            content.Record(place, found);
        }
        else
        {
            place.Put(found);
        }

        _budgets.LookAfter(place.Where, found);
    }

    private AgentFigures Figures() => new(
        supervisor.Figures, _settings!.Source is null ? null : _reload.Figures, _latest.Namespaces);

    private Census Begin(WatchedNamespace where) => new(where, time, keepsPeaks: true, _limits.Of);

    /// <summary>One for each Consul and way to ask it; names are those of addresses, with a number where several ways lead to one.</summary>
    private IEnumerable<LimitTask> Discoveries(ImmutableArray<WatchedNamespace> namespaces) => namespaces
        .SelectMany(where => where.Watches).Select(watch => watch.LimitFrom).OfType<ConsulEndpoint>().Distinct()
        .GroupBy(endpoint => endpoint.Root)
        .SelectMany(same => same.Select((endpoint, i) => Ask(endpoint, i == 0 ? same.Key : $"{same.Key}#{i + 1}")));

    private LimitTask Ask(ConsulEndpoint endpoint, string name) => new(name, endpoint, new LimitDiscovery(
        new ConsulLimit(endpoint, time), limit => _limits.Learn(endpoint, limit), time, loggers.CreateLogger<LimitDiscovery>()));

    private TextfileTask Write(Textfile textfile) => new(
        textfile, _latest, new SnapshotExposition(BuildInformation.Current), () => _settings!.Interval.Value, time, loggers.CreateLogger<TextfileTask>());

    private EndpointTask Serve(EndpointSettings endpoint) =>
        new(endpoint, _content ??= new EndpointContent(_latest, Figures, () => _settings!, time), time, loggers);

    private ReloadTask ReadAnew(ConfigurationSource source) => new(
        source, read, ReloadAsync, _reload, serviceManager, reloadAsked, time, loggers.CreateLogger<ReloadTask>());
}
