using FsCheck;
using FsCheck.Fluent;
using Netlink.SockDiag.Filters;

namespace Netlink.Tests.SockDiag.Filters;

/// <summary>The filter language: expressions, and the errors of texts that are none.</summary>
public sealed class SocketFilterTests
{
    private const string NotAPredicate = " is not a predicate; write src, dst, sport or dport";
    private const string OfSs = " is a predicate of ss that is not supported here; write src, dst, sport or dport";
    private const string PredicateExpected = "expected a predicate, found ";
    private const string OperatorExpected = "expected 'and' or 'or', found ";
    private const string WritePredicate = "; write src, dst, sport or dport";
    private const string JoinPredicates = "; join predicates with 'and' or 'or'";
    private const string NotAPort = " is not a port, and service names are not supported; write a number from 0 to 65535, as in :443";
    private const string NotAnAddress = " is not an address, and host names are not supported; write an IPv4 or IPv6 address or '*'";
    private const string OtherFamily =
        " is an address family or a path, but the filter selects TCP sockets over IPv4 and IPv6 only"
        + "; write for example 10.0.0.0/8, [::1]:443, *:443";
    private const string Ambiguous = " 'and' after 'or' is ambiguous; write '( a or b ) and c' or 'a or ( b and c )'";

    private static readonly string[] Phrases =
        ["sport = :80", "dport < 80", "src != 10/8", "dst [::1]:443", "src *", "sport 80", "not", "and", "or", "or", "( dst ::1 )"];

    private static readonly string[] Fragments =
    [
        "src", "dst", "sport", "dport", "dev", "and", "or", "not", "eq", "neq", "lt", "geq", "(", ")", "!", "=", "!=", "<", ">=", "&&", "|",
        ",", " ", "\t", "\n", "10.0.0.0/8", "10/8", "[::1]:443", "::1", "2001:db8::/32", "::ffff:10.0.0.1", "*:80", ":80", "80", "[", "]",
        ":", "/", ".", "%eth0", "0", "ssh", "é", "\u2028", "\0", "\ud800",
    ];

    [Theory]
    // Examples of the manual and of docs/filters.md.
    [InlineData("dst 10.0.0.0/8 and not dport = :443", "dst 10.0.0.0/8 and not dport = :443")]
    [InlineData("sport >= :8500", "sport >= :8500")]
    [InlineData("( sport = :80 or sport = :443 ) dst 193.233.7/24", "( sport = :80 or sport = :443 ) and dst 193.233.7.0/24")]
    // Comparisons.
    [InlineData("sport = :80", "sport = :80")]
    [InlineData("sport == :80", "sport = :80")]
    [InlineData("sport eq :80", "sport = :80")]
    [InlineData("sport :80", "sport = :80")]
    [InlineData("dport 80", "dport = :80")]
    [InlineData("sport != :80", "sport != :80")]
    [InlineData("sport ne :80", "sport != :80")]
    [InlineData("sport neq :80", "sport != :80")]
    [InlineData("sport < :80", "sport < :80")]
    [InlineData("sport lt :80", "sport < :80")]
    [InlineData("sport > :80", "sport > :80")]
    [InlineData("sport gt :80", "sport > :80")]
    [InlineData("sport <= :80", "sport <= :80")]
    [InlineData("sport le :80", "sport <= :80")]
    [InlineData("sport leq :80", "sport <= :80")]
    [InlineData("dport >= :0", "dport >= :0")]
    [InlineData("dport ge :65535", "dport >= :65535")]
    [InlineData("dport geq 0", "dport >= :0")]
    // Operators, in order of precedence: not, and, or.
    [InlineData(
            "sport 1 and sport 2 & sport 3 && sport 4 sport 5",
            "sport = :1 and sport = :2 and sport = :3 and sport = :4 and sport = :5")]
    [InlineData("sport 1 or sport 2 | sport 3 || sport 4", "sport = :1 or sport = :2 or sport = :3 or sport = :4")]
    [InlineData("not sport 1 and ! sport 2", "not sport = :1 and not sport = :2")]
    [InlineData("sport 1 sport 2 or sport 3", "( sport = :1 and sport = :2 ) or sport = :3")]
    [InlineData("sport 1 or ( sport 2 and sport 3 )", "sport = :1 or ( sport = :2 and sport = :3 )")]
    [InlineData("( sport 1 or sport 2 ) and sport 3", "( sport = :1 or sport = :2 ) and sport = :3")]
    [InlineData("not ( sport 1 or sport 2 ) or not not sport 3", "not ( sport = :1 or sport = :2 ) or not not sport = :3")]
    [InlineData("( ( ( sport 1 ) ) )", "sport = :1")]
    // White space.
    [InlineData("!(sport=:80)&&dport!=:443", "not sport = :80 and dport != :443")]
    [InlineData("\tsport\n>=\r\n:80  ", "sport >= :80")]
    // Hosts.
    [InlineData("dst 10.0.0.1", "dst 10.0.0.1")]
    [InlineData("dst = 10.0.0.1/32", "dst 10.0.0.1")]
    [InlineData("src == 10.1.2.3/8", "src 10.0.0.0/8")]
    [InlineData("src != 10/8", "not src 10.0.0.0/8")]
    [InlineData("src ne 10.0.0.1:80", "not src 10.0.0.1:80")]
    [InlineData("src 0.0.0.0/0", "src 0.0.0.0/0")]
    [InlineData("src 10.0.0.1:443", "src 10.0.0.1:443")]
    [InlineData("src 10.0.0.0/8:443", "src 10.0.0.0/8:443")]
    [InlineData("src [10.0.0.0/8]:443", "src 10.0.0.0/8:443")]
    [InlineData("src 10.0.0.1:*", "src 10.0.0.1")]
    [InlineData("src *", "src *")]
    [InlineData("src *:*", "src *")]
    [InlineData("src :*", "src *")]
    [InlineData("src *:80", "src *:80")]
    [InlineData("src :80", "src *:80")]
    [InlineData("dst ::1", "dst [::1]")]
    [InlineData("dst ::", "dst [::]")]
    [InlineData("dst [::1]", "dst [::1]")]
    [InlineData("dst [::1]:443", "dst [::1]:443")]
    [InlineData("dst ::/0", "dst [::/0]")]
    [InlineData("dst 2001:DB8:0::1/32", "dst [2001:db8::/32]")]
    [InlineData("dst 2001:db8::/32:443", "dst [2001:db8::/32]:443")]
    [InlineData("dst [2001:db8::/32]:443", "dst [2001:db8::/32]:443")]
    [InlineData("dst 1:2:3:4:5:6:7:8", "dst [1:2:3:4:5:6:7:8]")]
    [InlineData("dst 2001:db8::5:beef", "dst [2001:db8::5:beef]")]
    // IPv4 in IPv6 is IPv4.
    [InlineData("dst ::ffff:10.0.0.1", "dst 10.0.0.1")]
    [InlineData("dst [::ffff:a00:1]:80", "dst 10.0.0.1:80")]
    [InlineData("dst ::ffff:10.0.0.0/104", "dst 10.0.0.0/8")]
    [InlineData("dst ::ffff:0:0/96", "dst 0.0.0.0/0")]
    [InlineData("dst ::ffff:0:0/95", "dst [::fffe:0:0/95]")]
    public void Expression_is_parsed(string text, string canonical) =>
        Assert.Equal(canonical, SocketFilter.Parse(text).ToString());

    [Theory]
    // Empty or incomplete.
    [InlineData("", "at column 1: the expression is empty; write for example 'dport = :443'")]
    [InlineData(" \t", "at column 1: the expression is empty; write for example 'dport = :443'")]
    [InlineData("sport = :80 and", "at column 16: expected a predicate, found the end of the expression; write src, dst, sport or dport")]
    [InlineData("not", "at column 4: expected a predicate, found the end of the expression; write src, dst, sport or dport")]
    [InlineData("sport", "at column 6: a port is missing after 'sport'; write for example :443")]
    [InlineData("sport >= and", "at column 10: a port is missing after 'sport'; write for example :443")]
    [InlineData("sport >= = :80", "at column 10: a port is missing after 'sport'; write for example :443")]
    [InlineData("dst = )", "at column 7: an address is missing after 'dst'; write for example 10.0.0.0/8, [::1]:443 or *:443")]
    [InlineData("sport =< :80", "at column 8: a port is missing after 'sport'; write for example :443")]
    // Words that are not predicates.
    [InlineData("port = :80", "at column 1: 'port'" + NotAPredicate)]
    [InlineData("sport = :80 AND dport = :80", "at column 13: 'AND'" + NotAPredicate)]
    [InlineData("sport = :80 :81", "at column 13: ':81'" + NotAPredicate)]
    [InlineData("\"sport\"", "at column 1: '\"sport\"'" + NotAPredicate)]
    [InlineData("or sport = :80", "at column 1: " + PredicateExpected + "'or'" + WritePredicate)]
    [InlineData("sport :80 and && dport :80", "at column 15: " + PredicateExpected + "'&&'" + WritePredicate)]
    [InlineData("= :80", "at column 1: " + PredicateExpected + "'='" + WritePredicate)]
    [InlineData("sport :80 = :81", "at column 11: " + OperatorExpected + "'='" + JoinPredicates)]
    [InlineData("( sport :80 > :81 )", "at column 13: " + OperatorExpected + "'>'" + JoinPredicates)]
    [InlineData("sport = :80, dport = :80", "at column 12: a comma is not an operator; write 'and' or 'or'")]
    // Predicates of ss.
    [InlineData("dev = eth0", "at column 1: 'dev'" + OfSs)]
    [InlineData("not fwmark = 1", "at column 5: 'fwmark'" + OfSs)]
    [InlineData("cgroup /a", "at column 1: 'cgroup'" + OfSs)]
    [InlineData("autobound", "at column 1: 'autobound'" + OfSs)]
    [InlineData("state established", "at column 1: 'state'" + OfSs)]
    // Parentheses.
    [InlineData("()", "at column 2: " + PredicateExpected + "')'" + WritePredicate)]
    [InlineData("sport 80 )", "at column 10: this ')' has no matching '('; remove it, or add '(' before it")]
    [InlineData("dst * and ( ( sport 80 )", "at column 11: this '(' has no matching ')'; add ')' after the last predicate of the group")]
    // Precedence.
    [InlineData("sport 1 or sport 2 and sport 3", "at column 20:" + Ambiguous)]
    [InlineData("sport 1 or sport 2 sport 3", "at column 20:" + Ambiguous)]
    // Ports.
    [InlineData("sport = :ssh", "at column 10: 'ssh'" + NotAPort)]
    [InlineData("sport = :65536", "at column 10: '65536'" + NotAPort)]
    [InlineData("sport = 0x50", "at column 9: '0x50'" + NotAPort)]
    [InlineData("sport = :080", "at column 10: '080'" + NotAPort)]
    [InlineData("sport = :-1", "at column 10: '-1'" + NotAPort)]
    [InlineData("sport = *:80", "at column 9: '*:80'" + NotAPort)]
    [InlineData("sport = :", "at column 10: a port is missing after ':'; write a number from 0 to 65535, as in :443")]
    [InlineData("dst 10.0.0.1:", "at column 14: a port is missing after ':'; write a number from 0 to 65535, as in :443")]
    [InlineData("dst 10.0.0.0/8:http", "at column 16: 'http'" + NotAPort)]
    [InlineData("sport :80\0", "at column 8: '80\\u0000'" + NotAPort)]
    // Addresses.
    [InlineData("dst > 10.0.0.1", "at column 5: '>' cannot compare addresses; write = or !=")]
    [InlineData("dst consul.example", "at column 5: 'consul.example'" + NotAnAddress)]
    [InlineData("dst 10.0.0.256", "at column 5: '10.0.0.256'" + NotAnAddress)]
    [InlineData("dst 10.0.0.1.2", "at column 5: '10.0.0.1.2'" + NotAnAddress)]
    [InlineData("dst 010.0.0.1", "at column 5: '010.0.0.1'" + NotAnAddress)]
    [InlineData("dst 10.0.0./8", "at column 5: '10.0.0.'" + NotAnAddress)]
    [InlineData("dst */8", "at column 5: '*'" + NotAnAddress)]
    [InlineData("dst /8", "at column 5: '/8'" + OtherFamily)]
    [InlineData("dst 10.1", "at column 5: '10.1' is not a complete IPv4 address; write four numbers, or a prefix as in 10.1/16")]
    [InlineData("dst 10.0.0.0/33", "at column 14: '33' is not an IPv4 prefix length; write a number from 0 to 32")]
    [InlineData("dst 10.0.0.0/", "at column 14: '' is not an IPv4 prefix length; write a number from 0 to 32")]
    [InlineData("dst 10.0.0.0/255.0.0.0", "at column 14: '255.0.0.0' is not an IPv4 prefix length; write a number from 0 to 32")]
    [InlineData("dst [2001:db8::/129]:80", "at column 17: '129' is not an IPv6 prefix length; write a number from 0 to 128")]
    [InlineData("dst 2001:db8::/-1", "at column 16: '-1' is not an IPv6 prefix length; write a number from 0 to 128")]
    [InlineData("dst 1::2::3", "at column 5: '1::2::3'" + NotAnAddress)]
    [InlineData("dst ::ffff:10.0.0.01", "at column 5: '::ffff:10.0.0.01'" + NotAnAddress)]
    [InlineData(
            "dst fe80::1%eth0",
            "at column 5: 'fe80::1%eth0' has a zone, which the kernel cannot filter by; write an IPv4 or IPv6 address or '*'")]
    [InlineData("dst [::1", "at column 5: this '[' has no matching ']'; add ']' after the address")]
    [InlineData("dst []:80", "at column 6: an address is missing; write an IPv4 or IPv6 address or '*'")]
    [InlineData("dst [::1]443", "at column 10: '443' is not expected after ']'; write for example 10.0.0.0/8, [::1]:443, *:443")]
    [InlineData("dst [::1]/64", "at column 10: '/64' is not expected after ']'; write the prefix length inside the brackets: [::1/128]")]
    [InlineData(
            "dst ::1:443",
            "at column 5: '::1:443' needs brackets to tell an IPv6 address from a port; write '[::1]:443' or '[::1:443]'")]
    [InlineData("dst ::1:65000", "at column 5: '::1:65000' needs brackets to tell an IPv6 address from a port; write '[::1]:65000'")]
    [InlineData("dst unix:/run/x", "at column 5: 'unix:/run/x'" + OtherFamily)]
    [InlineData("dst inet:10.0.0.1", "at column 5: 'inet:10.0.0.1'" + OtherFamily)]
    // Texts that are escaped or shortened for the terminal.
    [InlineData("\u001b[31mred\u2028", "at column 1: '\\u001b[31mred\\u2028'" + NotAPredicate)]
    [InlineData("0123456789012345678901234567890123456789!", "at column 1: '0123456789012345678901234567890123456789'" + NotAPredicate)]
    [InlineData("01234567890123456789012345678901234567890", "at column 1: '0123456789012345678901234567890123456789...'" + NotAPredicate)]
    public void Malformed_expression_is_one_line_with_column_and_advice(string text, string message)
    {
        SocketFilterException refused = Assert.Throws<SocketFilterException>(() => SocketFilter.Parse(text));
        Assert.Equal(message, refused.Message);
        Assert.StartsWith($"at column {refused.Column}: ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_is_limited_and_the_number_of_predicates_is_not()
    {
        const int Deepest = FilterParser.MaxDepth;
        Assert.Equal("sport = :80", SocketFilter.Parse($"{new string('(', Deepest)} sport 80 {new string(')', Deepest)}").ToString());
        SocketFilterException refused = Assert.Throws<SocketFilterException>(() => SocketFilter.Parse(new string('(', 1_000_000)));
        Assert.Equal("at column 101: the expression is nested deeper than 100 levels; use fewer parentheses and 'not'", refused.Message);
        Assert.Equal(Deepest + 1, Assert.Throws<SocketFilterException>(() => SocketFilter.Parse(new string('!', 1_000_000))).Column);

        Assert.Equal(3000, SocketFilter.Parse(string.Concat(Enumerable.Repeat("(sport 80) ", 3000))).ToString().Split(" and ").Length);
    }

    [Fact]
    public void Random_expressions_are_equal_after_printing_and_parsing()
    {
        Prop.ForAll(Generators.Expressions.ToArbitrary(), Generators.Sockets.ArrayOf(10).ToArbitrary(), (expression, sockets) =>
        {
            string text = expression.ToString();
            SocketFilter read = SocketFilter.Parse(text);
            return read.ToString() == text && sockets.All(socket =>
                Evaluation.Holds(read.Expression, socket.Local, socket.Peer) == Evaluation.Holds(expression, socket.Local, socket.Peer));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    [Fact]
    public void Random_texts_are_parsed_or_rejected_with_one_line()
    {
        Gen<string> fragments = Gen.Elements(Fragments).ListOf().Select(parts => string.Concat(parts));
        Gen<string> spaced = Gen.Elements(Fragments).ListOf().Select(parts => string.Join(' ', parts));
        Gen<string> phrases = Gen.Elements(Phrases).ListOf().Select(parts => string.Join(' ', parts));
        Gen<string> mutants =
            from expression in Generators.Expressions
            from fragment in Gen.Elements(Fragments)
            let text = expression.ToString()
            from position in Gen.Choose(0, text.Length - 1)
            from removed in Gen.Choose(0, Math.Min(3, text.Length - position))
            select text.Remove(position, removed).Insert(position, fragment);
        int read = 0;
        int refused = 0;
        Prop.ForAll(Gen.OneOf(fragments, spaced, phrases.Resize(8), mutants).ToArbitrary(), text =>
        {
            try
            {
                string printed = SocketFilter.Parse(text).ToString();
                read++;
                return SocketFilter.Parse(printed).ToString() == printed;
            }
            catch (SocketFilterException refusal)
            {
                refused++;
                return refusal.Message.StartsWith($"at column {refusal.Column}: ", StringComparison.Ordinal)
                    && refusal.Message.All(c => c is >= ' ' and <= '~')
                    && refusal.Column >= 1
                    && refusal.Column <= text.Length + 1;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));

        Assert.InRange(read, 100, 4900);
        Assert.InRange(refused, 100, 4900);
    }
}
