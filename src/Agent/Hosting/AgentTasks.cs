using System.Net;
using Agent.Configuration;
using Agent.Publishing;
using Agent.Publishing.Http;
using Agent.Readings;
using Agent.Tasks;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>Runs the sources and publishers of the settings: those of the start, and those of each reload.</summary>
/// <param name="supervisor">Runs them.</param>
/// <param name="store">Connects them.</param>
/// <param name="state">Takes the settings in force.</param>
/// <param name="sources">Makes the sources of settings.</param>
/// <param name="publishers">Makes the publishers of settings, with the textfile that was acquired for them.</param>
/// <param name="loggers">For the check of an endpoint.</param>
internal sealed class AgentTasks(
    Supervisor supervisor,
    Store store,
    AgentState state,
    Func<Settings, IReadOnlyList<Source>> sources,
    Func<Settings, Textfile?, IReadOnlyList<Publisher>> publishers,
    ILoggerFactory loggers)
{
    private readonly CurrentTextfile _textfile = new();
    private EndpointSettings? _endpoint;
    private IReadOnlyList<SupervisedTask> _tasks = [];

    /// <summary>Acquires the textfile of the first settings, before anything is logged or started.</summary>
    /// <exception cref="TextfileTakenException">Another agent writes it.</exception>
    internal void Prepare(Settings settings)
    {
        string? directory = settings.TextfileDirectory.Value;
        _textfile.Set(_textfile.Acquire(directory), directory);
    }

    /// <summary>Starts the tasks of the settings, and stops those of the former ones.</summary>
    /// <returns>False when the agent ends.</returns>
    /// <exception cref="TextfileTakenException">Another agent writes the textfile; nothing has changed.</exception>
    /// <exception cref="ConfigurationException">The new textfile or endpoint cannot be used; nothing has changed.</exception>
    internal async Task<bool> ApplyAsync(Settings settings)
    {
        Textfile? former = _textfile.Value;
        Textfile? textfile = _textfile.Acquire(settings.TextfileDirectory.Value);
        bool isApplied = false;
        try
        {
            return isApplied = await TryMakeRoomAsync(settings.Endpoint) && await ReplaceAsync(settings, textfile);
        }
        finally
        {
            if (!isApplied && textfile != former)
            {
                // No publisher has it, so that none releases it.
                CurrentTextfile.GiveUp(textfile);
            }
        }
    }

    /// <summary>The same for a reload: an endpoint that works is not given up for one whose files cannot be used.</summary>
    /// <inheritdoc cref="ApplyAsync"/>
    internal Task<bool> ReloadAsync(Settings settings)
    {
        if (settings.Endpoint is { } endpoint)
        {
            Endpoint.CheckFiles(endpoint, loggers);
        }

        return ApplyAsync(settings);
    }

    private Task<bool> ReplaceAsync(Settings settings, Textfile? textfile)
    {
        // A source that goes on undisturbed is the one that the store has to know.
        IReadOnlyList<Source> newSources = [.. sources(settings).Select(supervisor.RunningOrNew)];
        IReadOnlyList<Publisher> newPublishers = publishers(settings, textfile);
        store.Replace(newSources, keepsHistory: newPublishers.Any(publisher => publisher.NeedsHistory));
        // From here on nothing fails.
        _textfile.Set(textfile, settings.TextfileDirectory.Value);
        _endpoint = settings.Endpoint;
        state.Settings = settings;
        state.Activity = $"counting every {Duration.Format(settings.Interval.Value)}, "
            + (newPublishers is [] ? "publishing nothing" : string.Join(", ", newPublishers.Select(publisher => publisher.Activity)));
        _tasks = [.. newSources, .. newPublishers];
        return supervisor.ReplaceAsync(_tasks);
    }

    /// <summary>
    /// Makes sure that a new endpoint can listen. Where only the running one may be in its way, as 127.0.0.1 is for 0.0.0.0 with the same port,
    /// the running one ends first, and comes back if another program is in the way too.
    /// </summary>
    /// <returns>False when the agent ends.</returns>
    /// <exception cref="ConfigurationException">It cannot listen at one of its addresses; nothing has changed.</exception>
    private async Task<bool> TryMakeRoomAsync(EndpointSettings? next)
    {
        EndpointSettings? running = _endpoint;
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

        if (!await supervisor.ReplaceAsync([.. _tasks.Where(task => task is not EndpointPublisher)]))
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
}
