using Agent.Tests.Hosting;
using Microsoft.Extensions.Logging;

namespace Agent.Tests.Publishing.Http;

/// <summary>Records the log lines of all categories.</summary>
internal sealed class RecordingLoggers : ILoggerFactory
{
    private readonly RecordingLogger<RecordingLoggers> _logger = new();

    internal IReadOnlyList<string> Lines => _logger.Lines;

    public ILogger CreateLogger(string categoryName) => _logger;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
