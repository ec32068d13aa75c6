using Agent.Cli.Rendering;
using Agent.Configuration;

namespace Agent.Tests.Cli.Rendering;

public sealed class OutputFormatsTests
{
    [Theory]
    [InlineData(true, false, "Table")]
    [InlineData(true, true, "Table")]
    [InlineData(false, true, "Check")]
    [InlineData(false, false, "Prom")]
    public void Default_format_depends_on_terminal_and_thresholds(bool onTerminal, bool hasThresholds, string format) =>
        Assert.Equal(format, OutputFormats.Default(onTerminal, hasThresholds).ToString());

    [Theory]
    [InlineData("table", typeof(TableFormat))]
    [InlineData("json", typeof(JsonFormat))]
    [InlineData("prom", typeof(PromFormat))]
    [InlineData("check", typeof(CheckFormat))]
    public void Format_is_parsed_by_its_name(string name, Type format) =>
        Assert.IsType(format, OutputFormats.Create(OutputFormats.Parse(name), findTerminal: () => null, allowsUtf8: true));

    [Theory]
    [InlineData("")]
    [InlineData("Table")]
    [InlineData("0")]
    [InlineData("yaml")]
    public void Unknown_formats_are_rejected(string name) =>
        Assert.Equal(
            $"--output: '{name}' is not an output format; give table, json, prom or check",
            Assert.Throws<ConfigurationException>(() => OutputFormats.Parse(name)).Message);
}
