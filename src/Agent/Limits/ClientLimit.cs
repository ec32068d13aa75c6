using System.Globalization;

namespace Agent.Limits;

/// <summary>How many connections a client may hold, and where that comes from.</summary>
/// <param name="Value">Null where there is no limit, and where it is unknown.</param>
/// <param name="Source">An option as a user writes it, a place in the configuration file, the service that is asked, or <c>default</c>.</param>
internal readonly record struct ClientLimit(int? Value, string Source)
{
    /// <summary>The source of a limit that nobody configured and no service told.</summary>
    internal const string Assumed = "default";

    /// <summary>The service that decides the limit was not asked yet.</summary>
    internal static readonly ClientLimit NotAsked = new(null, "not answered") { IsUnknown = true };

    /// <summary>Whether a service decides the limit and has never told it.</summary>
    public bool IsUnknown { get; init; }

    /// <summary>Why the latest question for the limit did not bring one, in one line; null where it did, and where no service is asked.</summary>
    public string? Problem { get; init; }

    /// <summary>What the latest question shows about refused connections.</summary>
    public Refusal Refusal { get; init; }

    /// <summary>Whether the service refuses the agent's own address; null without an answer, and where no service is asked.</summary>
    internal bool? IsRefused => Refusal switch
    {
        Refusal.Yes => true,
        Refusal.No => false,
        _ => null,
    };

    /// <summary>Whether the limit is only the usual one of such a service, which nobody configured and no service told.</summary>
    internal bool IsAssumed => Source == Assumed;

    /// <summary>Without the source: a number, <c>none</c> or <c>unknown</c>.</summary>
    internal string Text => Value?.ToString(CultureInfo.InvariantCulture) ?? (IsUnknown ? "unknown" : "none");

    /// <summary>The question brought no limit.</summary>
    /// <param name="source">The service that was asked.</param>
    /// <param name="problem">Why, in one line.</param>
    /// <param name="refusal">What this shows about refused connections.</param>
    internal static ClientLimit Unknown(string source, string problem, Refusal refusal) =>
        new(null, source) { IsUnknown = true, Problem = problem, Refusal = refusal };

    public override string ToString() => $"{Text} ({Source})";
}

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
