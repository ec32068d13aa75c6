namespace Agent.Cli;

/// <summary>The exit codes of the program. They are part of its contract.</summary>
internal static class ExitCode
{
    /// <summary>Success.</summary>
    internal const int Fine = 0;

    /// <summary>A client reached the threshold of <c>--warn</c>.</summary>
    internal const int Warning = 1;

    /// <summary><c>agent health</c>: the agent does not count, or does not publish.</summary>
    internal const int Unhealthy = 1;

    /// <summary>A client reached the threshold of <c>--critical</c>.</summary>
    internal const int Critical = 2;

    /// <summary>The census failed, its result cannot be judged, or it could not be printed.</summary>
    internal const int CouldNotMeasure = 3;

    /// <summary>An invalid option, variable or file: EX_USAGE of sysexits.h.</summary>
    internal const int Usage = 64;
}
