using Agent.Cli.Rendering;
using Agent.Configuration;

namespace Agent.Tests.Rendering;

public sealed class FormsTests
{
    [Theory]
    [InlineData(true, false, "Table")]
    [InlineData(true, true, "Table")]
    [InlineData(false, true, "Check")]
    [InlineData(false, false, "Prom")]
    public void The_default_form_follows_who_reads(bool onTerminal, bool hasThresholds, string form) =>
        Assert.Equal(form, Forms.Default(onTerminal, hasThresholds).ToString());

    [Theory]
    [InlineData("table", typeof(TableForm))]
    [InlineData("json", typeof(JsonForm))]
    [InlineData("prom", typeof(PromForm))]
    [InlineData("check", typeof(CheckForm))]
    public void A_form_is_asked_for_by_its_name(string name, Type form) =>
        Assert.IsType(form, Forms.Create(Forms.Parse(name), findTerminal: () => null, takesUtf8: true));

    [Theory]
    [InlineData("")]
    [InlineData("Table")]
    [InlineData("0")]
    [InlineData("yaml")]
    public void Other_names_are_refused(string name) =>
        Assert.Equal(
            $"--output: '{name}' is not a form of output; give table, json, prom or check",
            Assert.Throws<ConfigurationException>(() => Forms.Parse(name)).Message);
}
