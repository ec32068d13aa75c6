namespace Agent.Tasks;

/// <summary>
/// Runs work that blocks on the kernel or on a disk on a thread of its own. The thread pool stays free, and a wake-up costs one thread switch less.
/// </summary>
internal static class DedicatedThread
{
    internal static Task RunAsync(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
