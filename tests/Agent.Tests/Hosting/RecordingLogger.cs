using Microsoft.Extensions.Logging;

namespace Agent.Tests.Hosting;

/// <summary>Keeps each log entry as a line.</summary>
/// <param name="lines">The list of the lines. Loggers can share it.</param>
internal sealed class RecordingLogger<T>(List<string>? lines = null) : ILogger<T>
{
    private readonly List<string> _lines = lines ?? [];

    internal IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_lines)
        {
            _lines.Add($"{logLevel}: {formatter(state, exception)}");
        }
    }
}
