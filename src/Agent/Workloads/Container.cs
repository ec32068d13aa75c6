namespace Agent.Workloads;

/// <summary>A container.</summary>
/// <param name="Runtime">What runs it, <c>docker</c> for example; null where its control group does not say.</param>
/// <param name="Name">Its id of 64 digits, or its name where the runtime names it.</param>
internal sealed record Container(string? Runtime, string Name)
{
    // As docker ps, podman ps and crictl ps show it.
    private const int ShortLength = 12;
    private const int IdLength = 64;

    /// <summary>Whether the text is the id of a container, and not a name.</summary>
    internal static bool IsId(string text) => text.Length == IdLength && text.All(char.IsAsciiHexDigitLower);

    /// <summary>As people write it.</summary>
    public override string ToString() => $"{Runtime ?? "container"} {(IsId(Name) ? Name[..ShortLength] : Name)}";
}
