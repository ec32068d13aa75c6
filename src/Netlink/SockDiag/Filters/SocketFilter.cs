namespace Netlink.SockDiag.Filters;

/// <summary>
/// Selects sockets by the addresses and ports of both ends: an expression in the language of ss(8), compiled to bytecode that the kernel runs for each
/// socket. Immutable; queries and threads may share it.
/// <code>
/// dst 10.0.0.0/8 and not dport = :443
/// sport >= :8500 and sport &lt;= :8502 and not ( src 127.0.0.0/8 or src ::1 )
/// </code>
/// </summary>
/// <remarks>
/// <list type="table">
/// <listheader><term>expression</term><description>matches a socket</description></listheader>
/// <item><term><c>src HOST</c>, <c>dst HOST</c></term><description>whose local end, or whose peer, is HOST. <c>=</c> or <c>!=</c> may
/// precede HOST.</description></item>
/// <item><term><c>sport = :443</c>, <c>dport 443</c></term><description>whose local port, or whose peer's port, compares like that with 0 to 65535:
/// <c>= == eq</c> (optional), <c>!= ne neq</c>, <c>&lt; lt</c>, <c>&lt;= le leq</c>, <c>> gt</c>,
/// <c>>= ge geq</c>.</description></item>
/// <item><term><c>A and B</c>, <c>A &amp;&amp; B</c>, <c>A &amp; B</c>, <c>A B</c></term><description>that both
/// match.</description></item>
/// <item><term><c>A or B</c>, <c>A || B</c>, <c>A | B</c></term><description>that at least one matches.</description></item>
/// <item><term><c>not A</c>, <c>! A</c></term><description>that A does not match; it binds closer than the others.</description></item>
/// <item><term><c>( A )</c></term><description>that A matches.</description></item>
/// </list>
/// <para>HOST is an address, a prefix, or <c>*</c> for every address. A port may follow: <c>10.0.0.1</c>, <c>10.0.0.0/8</c>,
/// <c>10/8</c>, <c>10.0.0.1:443</c>, <c>10.0.0.0/8:443</c>, <c>::1</c>, <c>2001:db8::/32</c>, <c>[::1]:443</c>,
/// <c>[2001:db8::/32]:443</c>, <c>*:443</c>, <c>:443</c>. An IPv6 address with a port needs brackets.</para>
/// <para>The peer port of a listening socket is 0. Its local address is all zeros if it listens on all addresses.</para>
/// <para><b>The address decides what is IPv4</b>, as in <see cref="InetAddress"/>, not the socket. This differs from ss in three ways.
/// <c>dst ::ffff:10.0.0.0/104</c> is <c>dst 10.0.0.0/8</c>; in ss it does not match the IPv4 connections of IPv4 sockets.
/// <c>dst ::/0</c>, like every IPv6 prefix, matches no IPv4 peer; in ss it matches those of dual-stack sockets. <c>dst 0.0.0.0/0</c> matches every IPv4
/// peer in both, but <c>not dst 0.0.0.0/0</c> matches every IPv6 peer here and nothing in ss.</para>
/// <para>Rejected, because ss guesses or contradicts its manual: an expression without a predicate; <c>A or B and C</c> without parentheses, because
/// <c>and</c> binds closer according to ss(8), but ss evaluates from left to right; <c>dst ::1:443</c>, which ss reads as <c>[::1]:443</c>;
/// <c>dst 10.1</c>, which ss reads as 10.1.0.0 and other tools as 10.0.0.1; octal and hexadecimal numbers, and ports above 65535; an address or <c>*</c>
/// after <c>sport</c> and <c>dport</c>, which ss ignores; an empty port.</para>
/// <para>Not supported: <c>dev</c>, <c>fwmark</c>, <c>cgroup</c>, <c>autobound</c>, <c>state</c>, <c>exclude</c>, families (<c>inet:</c>,
/// <c>unix:</c>), network masks, <c>any</c>, zones, host and service names, backslashes. Not in ss: <c>!=</c> for addresses,
/// <c>::1</c> without brackets, and operators without spaces around them, as in <c>!(sport=:80)</c>.</para>
/// </remarks>
public sealed class SocketFilter
{
    private SocketFilter(FilterExpression expression, byte[] bytecode)
    {
        Expression = expression;
        Bytecode = bytecode;
    }

    internal FilterExpression Expression { get; }

    /// <summary>The program; empty if the expression obviously matches every socket.</summary>
    internal byte[] Bytecode { get; }

    /// <summary>Parses and compiles an expression.</summary>
    /// <exception cref="SocketFilterException">
    /// The text is not an expression, or its bytecode is longer than 65,528 bytes, the limit of a request: some thousands of predicates.
    /// </exception>
    public static SocketFilter Parse(string expression)
    {
        ArgumentNullException.ThrowIfNull(expression);
        FilterExpression tree = FilterParser.Parse(expression);
        byte[] bytecode = FilterCompiler.Compile(tree) ?? throw new SocketFilterException(
            1,
            $"the compiled expression is longer than {BytecodeWriter.MaxLength} bytes, the limit of the kernel",
            "use fewer predicates");
        return new SocketFilter(tree, bytecode);
    }

    /// <summary>The expression in a uniform notation, which can be parsed again: <c>not ( sport = :80 or dst 10.0.0.0/8 )</c>.</summary>
    public override string ToString() => Expression.ToString();
}
