namespace Agent.Configuration;

/// <summary>A setting is wrong. The message is one line: which one, where it came from, what is wrong and what to do.</summary>
internal sealed class ConfigurationException(string message) : Exception(message);
