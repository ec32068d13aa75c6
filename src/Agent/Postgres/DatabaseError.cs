namespace Agent.Postgres;

/// <summary>What went wrong with a database or a query.</summary>
/// <param name="Type">The kind, for the metric.</param>
/// <param name="Message">One line that says what went wrong and what to do. It never contains a secret.</param>
internal sealed record DatabaseError(ErrorType Type, string Message)
{
    /// <summary>The SQLSTATE of the server; null without one.</summary>
    public string? SqlState { get; init; }

    /// <summary>What was full, if it is <see cref="ErrorType.Full"/>; otherwise null.</summary>
    public FullScope? FullScope { get; init; }
}

/// <summary>A login or a statement failed.</summary>
internal sealed class DatabaseException(DatabaseError error) : Exception(error.Message)
{
    /// <summary>What went wrong.</summary>
    internal DatabaseError Error => error;
}

/// <summary>The kinds of errors, the label <c>error_type</c>.</summary>
internal enum ErrorType
{
    /// <summary>Nothing listens, or the server does not take connections now.</summary>
    Refused,

    /// <summary>No answer in time.</summary>
    Timeout,

    /// <summary>SQLSTATE 53300: no free connection for the agent's role.</summary>
    Full,

    /// <summary>The password is wrong or missing, or cannot be read.</summary>
    Password,

    /// <summary>No agreement on encryption, or a certificate that is not trusted.</summary>
    Tls,

    /// <summary>There is no such database or role.</summary>
    Database,

    /// <summary>The role may not do this.</summary>
    Permission,

    /// <summary>The statement is wrong, or failed.</summary>
    Query,

    /// <summary>A value is not a number, or a column is missing.</summary>
    Value,

    /// <summary>More series than allowed.</summary>
    Cardinality,

    /// <summary>Two rows with the same labels.</summary>
    Duplicate,

    /// <summary>The answer is not that of a PostgreSQL server, or the connection broke in the middle.</summary>
    Protocol,

    /// <summary>Anything else.</summary>
    Other,
}
