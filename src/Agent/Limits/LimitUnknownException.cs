namespace Agent.Limits;

/// <summary>
/// The question brought no limit. The message is one line: which service was asked, what went wrong and what to do. It never holds a token.
/// </summary>
/// <param name="message">The line.</param>
/// <param name="refusal">What this shows about refused connections.</param>
internal sealed class LimitUnknownException(string message, Refusal refusal = Refusal.Unknown) : Exception(message.ReplaceLineEndings(" "))
{
    /// <summary>What the failure shows about refused connections.</summary>
    internal Refusal Refusal => refusal;

    /// <summary>The limit as it is known after a question that failed in this way.</summary>
    /// <param name="source">The service that was asked.</param>
    /// <param name="failure">Any exception; one that was not foreseen says little without its type.</param>
    internal static ClientLimit ToLimit(string source, Exception failure) => failure is LimitUnknownException known
        ? ClientLimit.Unknown(source, known.Message, known.Refusal)
        : ClientLimit.Unknown(source, $"{failure.GetType().Name}: {failure.Message}".ReplaceLineEndings(" "), Refusal.Unknown);
}
