namespace Netlink.SockDiag.Filters;

/// <summary>What a <see cref="FilterToken"/> can be.</summary>
internal enum FilterTokenKind
{
    /// <summary>Behind the last one.</summary>
    End,

    /// <summary>A predicate, or what a predicate is compared with.</summary>
    Word,

    /// <summary>One of <see cref="SockDiag.Filters.Comparison"/>.</summary>
    Comparison,

    /// <summary><c>and &amp; &amp;&amp;</c></summary>
    And,

    /// <summary><c>or | ||</c></summary>
    Or,

    /// <summary><c>not !</c></summary>
    Not,

    /// <summary><c>(</c></summary>
    Open,

    /// <summary><c>)</c></summary>
    Close,
}
