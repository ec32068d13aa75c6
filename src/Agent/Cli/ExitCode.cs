namespace Agent.Cli;

/// <summary>How the program ends; part of its contract.</summary>
internal static class ExitCode
{
    /// <summary>All went well.</summary>
    internal const int Fine = 0;

    /// <summary>A client holds as many connections as <c>--warn</c> says, or more.</summary>
    internal const int Warning = 1;

    /// <summary><c>agent health</c>: the agent does not count or does not publish.</summary>
    internal const int Unhealthy = 1;

    /// <summary>A client holds as many connections as <c>--critical</c> says, or more.</summary>
    internal const int Critical = 2;

    /// <summary>The census failed or cannot be judged, or its result could not be printed.</summary>
    internal const int CouldNotMeasure = 3;

    /// <summary>Wrong usage or configuration: EX_USAGE of sysexits.h.</summary>
    internal const int Usage = 64;
}
