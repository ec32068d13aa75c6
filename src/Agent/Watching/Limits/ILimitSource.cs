namespace Agent.Watching.Limits;

/// <summary>Somebody who knows the limit per client and can be asked for it.</summary>
internal interface ILimitSource
{
    /// <summary>Asks once.</summary>
    /// <exception cref="LimitUnknownException">It could not be learnt.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    Task<ClientLimit> AskAsync(CancellationToken cancellationToken);
}
