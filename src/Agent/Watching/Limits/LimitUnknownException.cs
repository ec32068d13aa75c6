namespace Agent.Watching.Limits;

/// <summary>The limit could not be learnt. The message is one line: who was asked, what went wrong and what to do. It never holds a token.</summary>
internal sealed class LimitUnknownException(string message) : Exception(message.ReplaceLineEndings(" "))
{
    /// <summary>Why the limit could not be learnt; what nobody has foreseen says little without its type.</summary>
    internal static string Reason(Exception failure) =>
        failure is LimitUnknownException ? failure.Message : $"{failure.GetType().Name}: {failure.Message}";
}
