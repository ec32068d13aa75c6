namespace Agent.Publishing.Http;

/// <summary>What a client's credentials are worth.</summary>
internal enum Access
{
    /// <summary>There are none.</summary>
    Missing,

    /// <summary>They are not the ones that are asked for.</summary>
    Wrong,

    /// <summary>They are, or none are asked for.</summary>
    Granted,
}
