namespace Netlink.SockDiag.Filters;

/// <summary>
/// Which sockets a dump shall bring, by the addresses and ports of their two ends: an expression in the language of ss(8), compiled to
/// bytecode that the kernel runs for each socket. Immutable; may be shared between queries and threads.
/// <code>
/// dst 10.0.0.0/8 and not dport = :443
/// sport >= :8500 and sport &lt;= :8502 and not ( src 127.0.0.0/8 or src ::1 )
/// </code>
/// </summary>
/// <remarks>
/// <list type="table">
/// <listheader><term>written</term><description>holds for a socket</description></listheader>
/// <item><term><c>src HOST</c>, <c>dst HOST</c></term><description>whose own end, or whose peer, is there. <c>=</c> or <c>!=</c> may stand
/// between.</description></item>
/// <item><term><c>sport = :443</c>, <c>dport 443</c></term><description>whose own port, or whose peer's, compares so with 0 to 65535:
/// <c>= == eq</c> (which may be left out), <c>!= ne neq</c>, <c>&lt; lt</c>, <c>&lt;= le leq</c>, <c>> gt</c>,
/// <c>>= ge geq</c>.</description></item>
/// <item><term><c>A and B</c>, <c>A &amp;&amp; B</c>, <c>A &amp; B</c>, <c>A B</c></term><description>that satisfies
/// both.</description></item>
/// <item><term><c>A or B</c>, <c>A || B</c>, <c>A | B</c></term><description>that satisfies one or both.</description></item>
/// <item><term><c>not A</c>, <c>! A</c></term><description>that does not satisfy A; it binds closer than the others.</description></item>
/// <item><term><c>( A )</c></term><description>that satisfies A.</description></item>
/// </list>
/// <para>HOST is an address, a prefix or <c>*</c> for every address, and may end in a port: <c>10.0.0.1</c>, <c>10.0.0.0/8</c>,
/// <c>10/8</c>, <c>10.0.0.1:443</c>, <c>10.0.0.0/8:443</c>, <c>::1</c>, <c>2001:db8::/32</c>, <c>[::1]:443</c>,
/// <c>[2001:db8::/32]:443</c>, <c>*:443</c>, <c>:443</c>. An IPv6 address with a port needs brackets.</para>
/// <para>A listening socket has port 0 at the other end, and an address of zeros where it listens on all.</para>
/// <para><b>The address decides what is IPv4</b>, as in <see cref="InetAddress"/>, and not the socket. Therefore, other than with ss:
/// <c>dst ::ffff:10.0.0.0/104</c> is <c>dst 10.0.0.0/8</c>, where ss leaves out the IPv4 connections of IPv4 sockets; and
/// <c>dst ::/0</c>, like every IPv6 prefix, holds no IPv4 peer, where ss includes those of dual-stack sockets. <c>dst 0.0.0.0/0</c> is
/// every IPv4 peer in both, but <c>not dst 0.0.0.0/0</c> is nobody to ss and every IPv6 peer here.</para>
/// <para>Refused, where ss guesses or contradicts its manual: an expression without a predicate; <c>A or B and C</c> without parentheses,
/// of which ss(8) says that <c>and</c> binds closer, while ss goes from left to right; <c>dst ::1:443</c>, to ss <c>[::1]:443</c>;
/// <c>dst 10.1</c>, to ss 10.1.0.0 and to others 10.0.0.1; octal and hexadecimal numbers, and ports above 65535; an address or <c>*</c>
/// behind <c>sport</c> and <c>dport</c>, where ss ignores it; an empty port.</para>
/// <para>Not supported: <c>dev</c>, <c>fwmark</c>, <c>cgroup</c>, <c>autobound</c>, <c>state</c>, <c>exclude</c>, families (<c>inet:</c>,
/// <c>unix:</c>), network masks, <c>any</c>, zones, names of hosts and services, backslashes. Beyond ss: <c>!=</c> for addresses,
/// <c>::1</c> without brackets, and signs without blanks around them, as in <c>!(sport=:80)</c>.</para>
/// </remarks>
public sealed class SocketFilter
{
    private SocketFilter(FilterExpression expression, byte[] bytecode)
    {
        Expression = expression;
        Bytecode = bytecode;
    }

    internal FilterExpression Expression { get; }

    /// <summary>The program; empty where plainly every socket satisfies the expression.</summary>
    internal byte[] Bytecode { get; }

    /// <summary>Parses and compiles an expression.</summary>
    /// <exception cref="SocketFilterException">
    /// It is none, or more than a request can carry, which is 65,528 bytes of bytecode, some thousands of predicates.
    /// </exception>
    public static SocketFilter Parse(string expression)
    {
        ArgumentNullException.ThrowIfNull(expression);
        FilterExpression tree = FilterParser.Parse(expression);
        byte[] bytecode = FilterCompiler.Compile(tree) ?? throw new SocketFilterException(
            1,
            $"the expression is compiled to more than {BytecodeWriter.MaxLength} bytes, the most that the kernel takes",
            "write fewer predicates");
        return new SocketFilter(tree, bytecode);
    }

    /// <summary>The expression in a uniform spelling, which can be parsed again: <c>not ( sport = :80 or dst 10.0.0.0/8 )</c>.</summary>
    public override string ToString() => Expression.ToString();
}
