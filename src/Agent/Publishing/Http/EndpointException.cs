namespace Agent.Publishing.Http;

/// <summary>The endpoint cannot serve. The message is one line: where, why and what to do.</summary>
internal sealed class EndpointException(string message) : Exception(message);
