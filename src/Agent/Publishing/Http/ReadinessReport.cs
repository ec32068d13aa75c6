namespace Agent.Publishing.Http;

/// <summary>What <c>/ready</c> answers.</summary>
/// <param name="Ready">Whether the agent has numbers to rely on.</param>
/// <param name="Reason">Why not; missing when it has.</param>
internal sealed record ReadinessReport(bool Ready, string? Reason);
