namespace Agent.Hosting;

/// <summary>Why a task was started again, as metrics tell it.</summary>
internal static class RestartReason
{
    /// <summary>It had failed.</summary>
    internal const string Failure = "failure";

    /// <summary>It was given other settings.</summary>
    internal const string Reload = "reload";
}
