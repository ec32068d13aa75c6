using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Agent.Publishing.Http;

/// <summary>Listeners that are watched: one that cannot accept any longer is a fault of the endpoint, and Kestrel tells only its log of it.</summary>
internal sealed class WatchedListeners(IConnectionListenerFactory listeners) : IConnectionListenerFactory
{
    private readonly TaskCompletionSource<string> _fault = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the first fault.</summary>
    internal Task<string> Fault => _fault.Task;

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new WatchedListener(await listeners.BindAsync(endpoint, cancellationToken), _fault);

    private sealed class WatchedListener(IConnectionListener listener, TaskCompletionSource<string> fault) : IConnectionListener
    {
        public EndPoint EndPoint => listener.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            try
            {
                return await listener.AcceptAsync(cancellationToken);
            }
            catch (Exception failure)
            {
                fault.TrySetResult(failure.Message);
                throw;
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => listener.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => listener.DisposeAsync();
    }
}
