using System.Globalization;

namespace Agent.Limits;

/// <summary>The number of connections that one client may hold, and where it comes from.</summary>
/// <param name="Value">The limit; null where there is none, and where it is unknown.</param>
/// <param name="Source">An option as a user writes it, a place in the configuration file, the service that is asked, or <c>default</c>.</param>
internal readonly record struct ClientLimit(int? Value, string Source)
{
    /// <summary>The source of a limit that is neither configured nor read from a service.</summary>
    internal const string Assumed = "default";

    /// <summary>The limit before the first answer of the service that decides it.</summary>
    internal static readonly ClientLimit NotAsked = new(null, "not answered") { IsUnknown = true };

    /// <summary>Whether a service decides the limit and has never answered with it.</summary>
    public bool IsUnknown { get; init; }

    /// <summary>Why the latest question for the limit failed, in one line; null if it succeeded, and where no service is asked.</summary>
    public string? Problem { get; init; }

    /// <summary>Whether the service refuses the agent's address, by the latest question.</summary>
    public Refusal Refusal { get; init; }

    /// <summary>Whether the service refuses the agent's own address; null without an answer, and where no service is asked.</summary>
    internal bool? IsRefused => Refusal switch
    {
        Refusal.Yes => true,
        Refusal.No => false,
        _ => null,
    };

    /// <summary>Whether the limit is only the default of such a service, neither configured nor read from it.</summary>
    internal bool IsAssumed => Source == Assumed;

    /// <summary>The limit without its source: a number, <c>none</c> or <c>unknown</c>.</summary>
    internal string Text => Value?.ToString(CultureInfo.InvariantCulture) ?? (IsUnknown ? "unknown" : "none");

    /// <summary>The limit after a question that failed.</summary>
    /// <param name="source">The service that was asked.</param>
    /// <param name="problem">The reason, in one line.</param>
    /// <param name="refusal">Whether the service refuses the agent's address.</param>
    internal static ClientLimit Unknown(string source, string problem, Refusal refusal) =>
        new(null, source) { IsUnknown = true, Problem = problem, Refusal = refusal };

    public override string ToString() => $"{Text} ({Source})";
}

/// <summary>The number of connections that all clients of a watch together may hold, and where it comes from.</summary>
/// <param name="Value">The limit, at least 1.</param>
/// <param name="Source">An option as a user writes it, or a place in the configuration file.</param>
internal readonly record struct TotalLimit(int Value, string Source);

/// <summary>Whether a service refuses the agent's own address because of the limit, as far as the latest question for the limit shows.</summary>
internal enum Refusal
{
    /// <summary>Unknown: the agent has not asked a service, or got no answer.</summary>
    Unknown,

    /// <summary>The service answered the question, so it does not refuse the agent's address.</summary>
    No,

    /// <summary>The service answered 429 Too Many Requests.</summary>
    Yes,
}
