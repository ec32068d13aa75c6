namespace Agent.Configuration;

/// <summary>The file that settings were read from, and what stood in it.</summary>
/// <param name="Path">The file, as it was named.</param>
/// <param name="Text">All of it.</param>
internal sealed record ConfigurationSource(string Path, ReadOnlyMemory<byte> Text);
