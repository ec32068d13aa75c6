namespace Agent.Limits;

/// <summary>A service that decides a limit per client and can be asked for it.</summary>
internal interface ILimitSource
{
    /// <summary>What operators are shown: <c>consul at http://127.0.0.1:8500</c>.</summary>
    string Name { get; }

    /// <summary>Asks once.</summary>
    /// <returns>The limit; an unknown one where the service answered that the agent's own address is at its limit.</returns>
    /// <exception cref="LimitUnknownException">There was no answer, or another one.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    Task<ClientLimit> AskAsync(CancellationToken cancellationToken);
}
