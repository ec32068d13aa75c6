using System.Text;
using Agent.Workloads;

namespace Agent.Tests.Workloads;

public sealed class ProcessNamesTests
{
    [Theory]
    [InlineData("consul", "/usr/bin/consul", "consul")]
    [InlineData("nginx", "/usr/sbin/nginx-debug", "nginx")]
    [InlineData("consul-template", "/usr/local/bin/consul-template", "consul-template")]
    [InlineData("prometheus-node", "/usr/bin/prometheus-node-exporter", "prometheus-node-exporter")]
    [InlineData("prometheus-node", "/usr/bin/prometheus-node-exporter (deleted)", "prometheus-node-exporter")]
    [InlineData("a-very-long-scr", "/usr/bin/python3.11", "a-very-long-scr")]
    [InlineData("prometheus-node", null, "prometheus-node")]
    [InlineData("", "/usr/bin/consul", "")]
    public void Command_is_the_comm_or_the_program_name_if_the_comm_is_truncated(string comm, string? program, string command) =>
        Assert.Equal(command, ProcessNames.Command(Encoding.UTF8.GetBytes(comm), program));

    [Theory]
    [InlineData("plain (x) [y] ü 猫", "plain (x) [y] ü 猫")]
    [InlineData("\e[31mred\e[0m", @"\u001b[31mred\u001b[0m")]
    [InlineData("a\nb\tc\0d", @"a\u000ab\u0009c\u0000d")]
    [InlineData("gpj.\u202eexe", @"gpj.\u202eexe")]
    [InlineData("a\u2028b\u009bc\u200bd", @"a\u2028b\u009bc\u200bd")]
    public void Control_characters_are_escaped(string name, string printable) => Assert.Equal(printable, ProcessNames.Printable(name));

    [Fact]
    public void Bytes_that_are_not_UTF8_are_replaced() => Assert.Equal("a\ufffdb", ProcessNames.Command([(byte)'a', 0xff, (byte)'b'], null));
}
