using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Agent.Publishing.Http;

/// <summary>Listeners that report when they can no longer accept connections. Kestrel only logs such a fault and continues without the listener.</summary>
internal sealed class FaultReportingListeners(IConnectionListenerFactory listeners) : IConnectionListenerFactory
{
    private readonly TaskCompletionSource<string> _fault = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes at the first fault, with its reason in one line.</summary>
    internal Task<string> Fault => _fault.Task;

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new FaultReportingListener(await listeners.BindAsync(endpoint, cancellationToken), _fault);

    private sealed class FaultReportingListener(IConnectionListener listener, TaskCompletionSource<string> fault) : IConnectionListener
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
