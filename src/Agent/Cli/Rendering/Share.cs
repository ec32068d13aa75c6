namespace Agent.Cli.Rendering;

/// <summary>A share of a limit as all forms show it.</summary>
internal static class Share
{
    /// <summary>Rounded down, so that 100 says that the limit is reached.</summary>
    internal static long PercentOf(int held, int limit) => held * 100L / limit;
}
