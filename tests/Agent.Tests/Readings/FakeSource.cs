using Agent.Readings;
using Agent.Watching;

namespace Agent.Tests.Readings;

/// <summary>A source that puts what the test gives it.</summary>
internal sealed class FakeSource(Store store, object subject, TimeSpan? maximumAge = null, params HistorySubject[] history) : Source(store)
{
    internal override string Name => $"fake:{subject}";

    internal override string Duty => "measure nothing";

    internal override object Identity => this;

    public override object Subject => subject;

    public override TimeSpan? MaximumAge => maximumAge;

    internal override TimeSpan LongestRetryDelay => TimeSpan.FromMinutes(1);

    public override IReadOnlyList<HistorySubject> History => history;

    /// <summary>A store whose sources have put the censuses of a snapshot.</summary>
    internal static Store StoreOf(Snapshot snapshot, TimeProvider time)
    {
        Store store = new(time);
        FakeSource[] sources = [.. snapshot.Namespaces.Select(counts => new FakeSource(store, new CensusSubject(counts.Netns, null)))];
        store.Replace(sources);
        for (int i = 0; i < sources.Length; i++)
        {
            sources[i].Put(snapshot.Namespaces[i]);
        }

        return store;
    }

    internal new void Put(Reading reading) => base.Put(reading);

    internal override Task RunAsync(Action succeeded, CancellationToken stopping) =>
        throw new NotSupportedException("the test puts the readings");
}
