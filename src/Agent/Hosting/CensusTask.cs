using Agent.Watching;
using Agent.Watching.Latest;

namespace Agent.Hosting;

/// <summary>Takes a census of one network namespace at each interval.</summary>
/// <param name="place">What it counts for.</param>
/// <param name="interval">From the beginning of one census to that of the next.</param>
/// <param name="record">Takes what each census found, also one that fails.</param>
/// <param name="time">The clock.</param>
/// <param name="begin">Makes what counts there.</param>
internal sealed class CensusTask(
    CensusPlace place, TimeSpan interval, Action<NamespaceCounts> record, TimeProvider time, Func<WatchedNamespace, Census> begin) : SupervisedTask
{
    private readonly CensusPlace _place = place;
    private Census? _census;
    private Census? _former;

    internal override string Name => _place.Where.Label is { } netns ? $"census:{netns}" : "census";

    internal override string Duty => _place.Where.Label is { } netns ? $"measure in network namespace {netns}" : "measure";

    // Never the same as another one: who reads his configuration anew wants a census that counts by it.
    internal override object Identity => this;

    internal override TimeSpan LongestPause => Within(interval);

    internal override TimeSpan? LongestSilence => Patience.With(interval);

    internal override Task RunAsync(Action works, CancellationToken stopping) => OwnThread.RunAsync(() => Run(works, stopping));

    internal override void TakeOver(SupervisedTask former)
    {
        CensusTask other = (CensusTask)former;
        _former = other._place.Where.IsSameNamespaceAs(_place.Where) ? other._census ?? other._former : null;
    }

    internal override void End() => _census?.Dispose();

    private void Run(Action works, CancellationToken stopping)
    {
        Census census = _census ??= Begin();
        try
        {
            TakeCensuses(census, works, stopping);
        }
        finally
        {
            if (stopping.IsCancellationRequested)
            {
                // A census that a hanging file system held up opens its socket after End.
                census.Dispose();
            }
        }
    }

    private void TakeCensuses(Census census, Action works, CancellationToken stopping)
    {
        Pacemaker pacemaker = new(interval, time);
        do
        {
            NamespaceCounts found = census.Take();
            if (stopping.IsCancellationRequested)
            {
                return;
            }

            record(found);
            if (census.Failure is { } failure)
            {
                throw failure;
            }

            works();
        }
        while (pacemaker.Wait(stopping));
    }

    private Census Begin()
    {
        Census census = begin(_place.Where);
        if (_former is { } former)
        {
            census.TakeOver(former);
            _former = null;
        }

        return census;
    }
}
