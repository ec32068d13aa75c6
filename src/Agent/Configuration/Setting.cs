namespace Agent.Configuration;

/// <summary>A value and where it came from.</summary>
/// <param name="Value">The value in force.</param>
/// <param name="Origin">The option or variable as a user writes it, <c>--port</c> or <c>CONSUL_PORT</c>; or <see cref="Default"/>.</param>
internal readonly record struct Setting<T>(T Value, string Origin)
{
    internal const string Default = "default";

    /// <summary>Whether it was given on the command line.</summary>
    internal bool IsFromCommandLine => Origin.StartsWith("--", StringComparison.Ordinal);
}
