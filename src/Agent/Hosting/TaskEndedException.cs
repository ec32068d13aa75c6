namespace Agent.Hosting;

/// <summary>A task came to an end that nobody had asked for.</summary>
internal sealed class TaskEndedException() : Exception("it ended by itself");
