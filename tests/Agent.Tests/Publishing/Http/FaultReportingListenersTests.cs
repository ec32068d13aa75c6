using System.Net;
using Agent.Publishing.Http;
using Microsoft.AspNetCore.Connections;

namespace Agent.Tests.Publishing.Http;

public sealed class FaultReportingListenersTests
{
    [Fact]
    public async Task Listener_that_can_no_longer_accept_is_reported()
    {
        Broken broken = new();
        FaultReportingListeners listeners = new(broken);
        IConnectionListener listener = await listeners.BindAsync(broken.EndPoint, TestContext.Current.CancellationToken);
        Assert.Null(await listener.AcceptAsync(TestContext.Current.CancellationToken));
        Assert.False(listeners.Fault.IsCompleted);
        await Assert.ThrowsAsync<IOException>(() => listener.AcceptAsync(TestContext.Current.CancellationToken).AsTask());
        Assert.Equal("out of order", await listeners.Fault);
    }

    /// <summary>Returns no connection once, and then fails.</summary>
    private sealed class Broken : IConnectionListenerFactory, IConnectionListener
    {
        private bool _accepted;

        public EndPoint EndPoint => new IPEndPoint(IPAddress.Loopback, 1);

        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => ValueTask.FromResult<IConnectionListener>(this);

        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            if (_accepted)
            {
                throw new IOException("out of order");
            }

            _accepted = true;
            return ValueTask.FromResult<ConnectionContext?>(null);
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
