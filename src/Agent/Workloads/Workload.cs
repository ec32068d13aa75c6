using System.Text;
using Agent.Platform;

namespace Agent.Workloads;

/// <summary>A process of this host.</summary>
/// <param name="Id">Its PID in the PID namespace of the agent's /proc.</param>
/// <param name="Command">Its name; null if it ended before the name was read.</param>
/// <param name="Workload">Its systemd unit and container.</param>
internal sealed record LocalProcess(int Id, string? Command, Workload Workload)
{
    /// <summary>Reads the name and the workload of a process.</summary>
    internal static LocalProcess Describe(ProcessDirectory process)
    {
        ReadOnlySpan<byte> comm = process.ReadFile("comm").AsSpan().TrimEnd((byte)'\n');
        string? command = comm.IsEmpty ? null : ProcessNames.Command(comm, process.ReadProgram());
        return new LocalProcess(process.Id, command, ControlGroups.Parse(Encoding.UTF8.GetString(process.ReadFile("cgroup"))));
    }
}

/// <summary>The systemd unit and the container of a process, from its control group; null for what the control group does not show.</summary>
/// <param name="Unit">The systemd unit; inside the container if there is one.</param>
/// <param name="UnitUserId">The user of the systemd instance that manages the unit; null for the system's instance.</param>
/// <param name="Container">The container.</param>
internal sealed record Workload(string? Unit, long? UnitUserId, Container? Container)
{
    internal static Workload Unknown { get; } = new(null, null, null);

    /// <summary>The text in outputs: <c>a.service in docker 0123456789ab</c>; empty if nothing is known.</summary>
    public override string ToString() => (UnitText, Container) switch
    {
        (null, null) => "",
        ({ } unit, null) => unit,
        (null, { } container) => container.ToString(),
        ({ } unit, { } container) => $"{unit} in {container}",
    };

    private string? UnitText => UnitUserId is { } user ? $"{Unit} of user {user}" : Unit;
}

/// <summary>A container.</summary>
/// <param name="Runtime">Its runtime, for example <c>docker</c>; null if the control group does not show it.</param>
/// <param name="Name">Its id of 64 hexadecimal digits, or its name for a runtime that uses names.</param>
internal sealed record Container(string? Runtime, string Name)
{
    // The length that docker ps, podman ps and crictl ps show.
    private const int ShortLength = 12;
    private const int IdLength = 64;

    /// <summary>Whether the text is the id of a container, not its name.</summary>
    internal static bool IsId(string text) => text.Length == IdLength && text.All(char.IsAsciiHexDigitLower);

    /// <summary>The text in outputs: <c>docker 0123456789ab</c>.</summary>
    public override string ToString() => $"{Runtime ?? "container"} {(IsId(Name) ? Name[..ShortLength] : Name)}";
}
