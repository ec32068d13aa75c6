namespace Agent.Cli;

/// <summary>How the program ends; part of its contract.</summary>
internal static class ExitCode
{
    /// <summary>All went well.</summary>
    internal const int Fine = 0;

    /// <summary>The census failed, or its result could not be written.</summary>
    internal const int CouldNotMeasure = 3;

    /// <summary>Wrong usage or configuration: EX_USAGE of sysexits.h.</summary>
    internal const int Usage = 64;
}
