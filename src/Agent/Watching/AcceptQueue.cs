namespace Agent.Watching;

/// <summary>The accept queues of all sockets that listen on a port, summed.</summary>
/// <param name="Length">Connections that wait to be accepted.</param>
/// <param name="Limit">How many may wait.</param>
internal readonly record struct AcceptQueue(long Length, long Limit)
{
    public static AcceptQueue operator +(AcceptQueue left, AcceptQueue right) => new(left.Length + right.Length, left.Limit + right.Limit);
}
