namespace Agent.Workloads;

/// <summary>A connection that a server holds, with its client's end.</summary>
/// <param name="Address">Between whom it is.</param>
/// <param name="ClientEnd">Where the client's end is.</param>
/// <param name="Inode">The socket that is the client's end, where that is open; else 0.</param>
internal readonly record struct HeldConnection(ConnectionAddress Address, ClientEnd ClientEnd, uint Inode);
