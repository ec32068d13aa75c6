namespace Agent.Workloads;

/// <summary>Where the client's end of a connection is that a server holds.</summary>
internal enum ClientEnd
{
    /// <summary>Not in this network namespace: on another host, in another namespace, or behind address translation.</summary>
    Elsewhere,

    /// <summary>Here, and its process has closed it.</summary>
    Closed,

    /// <summary>Here, and a process has it open, or the kernel itself.</summary>
    Open,
}
