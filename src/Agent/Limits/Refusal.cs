namespace Agent.Limits;

/// <summary>Whether a service refuses the agent's own address because of the limit, as far as the latest question for the limit shows.</summary>
internal enum Refusal
{
    /// <summary>Not known: no service is asked, or it was not asked yet, or it gave no answer.</summary>
    Unknown,

    /// <summary>The service answered, so that it does not refuse the agent's address.</summary>
    No,

    /// <summary>The service answered 429 Too Many Requests.</summary>
    Yes,
}
