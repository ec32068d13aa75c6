using System.Globalization;

namespace Agent.Watching;

/// <summary>How many connections a client may hold, and who says so.</summary>
/// <param name="Value">Null where there is no limit, or none is known.</param>
/// <param name="Source">An option as a user writes it, a place in the configuration file, whoever was asked, or <c>default</c>.</param>
internal readonly record struct ClientLimit(int? Value, string Source)
{
    /// <summary>Somebody else decides it, and has not said it yet.</summary>
    internal static readonly ClientLimit Unknown = new(null, "not answered");

    /// <summary>Without the source: a number, <c>none</c> or <c>unknown</c>.</summary>
    internal string Text => Value?.ToString(CultureInfo.InvariantCulture) ?? (this == Unknown ? "unknown" : "none");

    public override string ToString() => $"{Text} ({Source})";
}
