namespace Netlink.SockDiag.Filters;

/// <summary>How two numbers are to stand to each other.</summary>
internal enum Comparison
{
    /// <summary><c>= == eq</c></summary>
    Equal,

    /// <summary><c>!= ne neq</c></summary>
    NotEqual,

    /// <summary><c>&lt; lt</c></summary>
    Less,

    /// <summary><c>&lt;= le leq</c></summary>
    LessOrEqual,

    /// <summary><c>&gt; gt</c></summary>
    Greater,

    /// <summary><c>&gt;= ge geq</c></summary>
    GreaterOrEqual,
}
