using System.Collections.Immutable;
using System.Net;
using Agent.Configuration;
using Agent.Limits;
using Agent.Limits.Consul;
using Agent.Metrics;
using Agent.Publishing;
using Agent.Publishing.Http;
using Agent.Watching;
using Agent.Watching.Latest;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>Makes the tasks that the settings ask for, at the start and whenever there are new ones.</summary>
/// <param name="supervisor">Runs them.</param>
/// <param name="serviceManager">Is told how they are.</param>
/// <param name="read">Makes all settings of what stands in the configuration file.</param>
/// <param name="reloadAsked">Is set when that is to be done.</param>
/// <param name="time">The clock.</param>
/// <param name="loggers">For what each task has to say.</param>
internal sealed class AgentTasks(
    Supervisor supervisor,
    ServiceManager serviceManager,
    Func<byte[], Settings> read,
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
    private ImmutableArray<SupervisedTask> _tasks = [];

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
    /// <exception cref="ConfigurationException">Another place for the textfile or the endpoint cannot be used; nothing has changed.</exception>
    internal async Task<bool> ApplyAsync(Settings settings)
    {
        Textfile? former = _textfile;
        Textfile? next = TextfileOf(settings);
        bool isApplied = false;
        try
        {
            return isApplied = await TryMakeRoomAsync(settings.Endpoint) && await RunAsync(settings, next);
        }
        finally
        {
            if (!isApplied && next is not null && next != former)
            {
                Release(next);
            }
        }
    }

    private Task<bool> RunAsync(Settings settings, Textfile? next)
    {
        if (next is not null && next == _textfile)
        {
            next.Rename(settings.TextfileDirectory.Value!);
        }

        _textfile = next;
        _settings = settings;
        ImmutableArray<WatchedNamespace> namespaces = settings.Namespaces;
        _tasks =
        [
            .. _latest.Replace(namespaces, settings.Interval.Value).Select(
                place => new CensusTask(place, settings.Interval.Value, found => Record(place, found), time, Begin)),
            .. Discoveries(namespaces),
            .. _textfile is { } textfile ? new SupervisedTask[] { Write(textfile) } : [],
            .. settings.Endpoint is { } endpoint ? new SupervisedTask[] { Serve(endpoint) } : [],
            .. settings.Source is null ? [] : new SupervisedTask[] { ReadAnew(settings.Source) },
            .. serviceManager.IsThere ? new SupervisedTask[] { new ServiceManagerTask(serviceManager, supervisor, time) } : [],
        ];
        return supervisor.ReplaceAsync(_tasks);
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

    /// <summary>
    /// Makes sure that another endpoint than the one that runs can listen where it is to. Where only the one that runs may be in its way, as
    /// 127.0.0.1 is for 0.0.0.0 with the same port, that one ends first, and comes back if something else is in the way too.
    /// </summary>
    /// <returns>False when the agent ends.</returns>
    /// <exception cref="ConfigurationException">It cannot listen at one of its addresses; nothing has changed.</exception>
    private async Task<bool> TryMakeRoomAsync(EndpointSettings? next)
    {
        EndpointSettings? running = _settings?.Endpoint;
        if (next is null || next == running)
        {
            return true;
        }

        IPEndPoint[] added = [.. next.Listen.All.Except(running?.Listen.All ?? [])];
        IPEndPoint[] overlapping = [.. added.Where(where => running?.Listen.Overlaps(where) ?? false)];
        Endpoint.CheckAddresses(next, added.Except(overlapping));
        if (overlapping is [])
        {
            return true;
        }

        if (!await supervisor.ReplaceAsync([.. _tasks.Where(task => task is not EndpointTask)]))
        {
            return false;
        }

        try
        {
            Endpoint.CheckAddresses(next, overlapping);
            return true;
        }
        catch (ConfigurationException)
        {
            await supervisor.ReplaceAsync(_tasks);
            throw;
        }
    }

    /// <summary>The textfile that there is already where it stays the same one.</summary>
    private Textfile? TextfileOf(Settings settings)
    {
        if (settings.TextfileDirectory.Value is not { } directory)
        {
            return null;
        }

        if (_textfile is { } known && (_settings?.TextfileDirectory.Value == directory || IsSame(known, directory)))
        {
            return known;
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

    /// <returns>Whether the directory is that of this textfile, by another name; false also where a disk gives no answer.</returns>
    private static bool IsSame(Textfile textfile, string directory)
    {
        Task<bool> comparison = Task.Run(() => textfile.IsIn(directory));
        return comparison.Wait(LongestAcquisition) && comparison.Result;
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

        _ = _budgets.LookAfter(place.Where, found);
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
