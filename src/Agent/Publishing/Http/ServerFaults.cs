using Microsoft.Extensions.Logging;

namespace Agent.Publishing.Http;

/// <summary>
/// Takes ASP.NET's log, which nobody is to read: what it says of clients is not the operator's business, and its stack traces are no help. Only
/// what it calls critical, that it stopped accepting for example, ends the endpoint.
/// </summary>
internal sealed class ServerFaults : ILoggerFactory, ILogger
{
    private readonly TaskCompletionSource<string> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the first fault.</summary>
    internal Task<string> First => _first.Task;

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
        // There is nothing for it.
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel == LogLevel.Critical;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            _first.TrySetResult(exception?.Message ?? formatter(state, exception));
        }
    }

    public void Dispose()
    {
        // It holds nothing.
    }
}
