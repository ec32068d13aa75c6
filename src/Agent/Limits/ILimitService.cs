namespace Agent.Limits;

/// <summary>A service that sets a limit per client and answers a question for it.</summary>
internal interface ILimitService
{
    /// <summary>The name in log lines, errors and outputs: <c>consul at http://127.0.0.1:8500</c>.</summary>
    string Name { get; }

    /// <summary>Asks the service once.</summary>
    /// <returns>The limit; an unknown one if the service answered that the agent's own address is at its limit.</returns>
    /// <exception cref="LimitUnknownException">The service gave no answer, or one without a limit.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    Task<ClientLimit> AskAsync(CancellationToken cancellationToken);
}

/// <summary>
/// The limit could not be read from the service. The message is one line: the service, what went wrong and what to do. It never contains a token.
/// </summary>
/// <param name="message">The line.</param>
/// <param name="refusal">Whether the service refuses the agent's own address, as far as the failure shows.</param>
internal sealed class LimitUnknownException(string message, Refusal refusal = Refusal.Unknown) : Exception(message.ReplaceLineEndings(" "))
{
    /// <summary>Whether the service refuses the agent's own address, as far as the failure shows.</summary>
    internal Refusal Refusal => refusal;

    /// <summary>Converts the failure of a question to an unknown limit.</summary>
    /// <param name="source">The service.</param>
    /// <param name="failure">Any exception. The text of an unexpected one starts with its type.</param>
    internal static ClientLimit ToLimit(string source, Exception failure) => failure is LimitUnknownException known
        ? ClientLimit.Unknown(source, known.Message, known.Refusal)
        : ClientLimit.Unknown(source, $"{failure.GetType().Name}: {failure.Message}".ReplaceLineEndings(" "), Refusal.Unknown);
}
