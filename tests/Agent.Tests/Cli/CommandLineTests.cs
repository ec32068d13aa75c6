using Agent.Cli;
using Agent.Configuration;

namespace Agent.Tests.Cli;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData(false, "--once")]
    [InlineData(false, "--once=true")]
    [InlineData(false, "--port", "1", "--once")]
    [InlineData(false, "health")]
    [InlineData(false, "check-config", "agent.json")]
    [InlineData(false, "--help")]
    [InlineData(false, "--version")]
    [InlineData(true)]
    [InlineData(true, "--config", "agent.json")]
    [InlineData(true, "--listen", "127.0.0.1")]
    [InlineData(true, "--watch", "health")]
    [InlineData(true, "--once=false")]
    public void Arguments_of_the_daemon_are_recognized(bool isDaemon, params string[] arguments) =>
        Assert.Equal(isDaemon, new CommandLine(arguments).IsDaemon);

    [Theory]
    [InlineData("check-config", "")]
    [InlineData("--config", "")]
    [InlineData("--once", "--config", "")]
    [InlineData("health", "--config", "")]
    public void Empty_path_of_the_configuration_file_is_rejected(params string[] arguments)
    {
        string message = Assert.Throws<ConfigurationException>(() => new CommandLine(arguments).Run(
            _ => null, (_, _) => 0, (_, _, _) => 0, (_, _) => 0, _ => 0)).Message;
        Assert.Equal($"{(arguments[0] == "check-config" ? "check-config" : "--config")}: the path is empty; give a file", message);
    }
}
