namespace Agent.Hosting;

/// <summary>Runs on a thread of its own what waits for the kernel or a disk, so that the thread pool's are not held up, and need not be woken.</summary>
internal static class OwnThread
{
    internal static Task RunAsync(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
