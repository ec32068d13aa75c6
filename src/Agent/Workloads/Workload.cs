namespace Agent.Workloads;

/// <summary>What a process is a part of to those who run it, as its control group tells; nothing where that does not.</summary>
/// <param name="Unit">The systemd unit, within the container where there is one.</param>
/// <param name="UnitUserId">Whose own systemd the unit is one of; null for the system's.</param>
/// <param name="Container">The container.</param>
internal sealed record Workload(string? Unit, long? UnitUserId, Container? Container)
{
    internal static Workload Unknown { get; } = new(null, null, null);

    /// <summary>As people write it; empty where nothing is known.</summary>
    public override string ToString() => (UnitText, Container) switch
    {
        (null, null) => "",
        ({ } unit, null) => unit,
        (null, { } container) => container.ToString(),
        ({ } unit, { } container) => $"{unit} in {container}",
    };

    private string? UnitText => UnitUserId is { } user ? $"{Unit} of user {user}" : Unit;
}
