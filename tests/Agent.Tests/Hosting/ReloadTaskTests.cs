using System.Text;
using Agent.Configuration;
using Agent.Configuration.File;
using Agent.Hosting;
using Testing;

namespace Agent.Tests.Hosting;

/// <summary>Which text of the configuration file a reload applies, and which it rejects.</summary>
public sealed class ReloadTaskTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly AutoResetEvent _requested = new(false);
    private readonly RecordingLogger<ReloadTask> _log = new();
    private AgentState? _state;
    private readonly List<string> _applied = [];

    private string Config => _scratch["agent.json"];

    public void Dispose()
    {
        _requested.Dispose();
        _scratch.Dispose();
    }

    [Theory]
    [InlineData("{ \"interval\": \"3s\" }")]
    [InlineData("{ \"interval\": ")]
    [InlineData("")]
    [InlineData("{ \"watches\": [] }")]
    public async Task Text_that_was_read_is_applied_even_if_the_file_changes_meanwhile(string meanwhile)
    {
        Write("{ \"interval\": \"1s\" }");
        int reads = 0;
        using ServiceManager manager = new(_ => null, TimeProvider.System, new RecordingLogger<ServiceManager>());
        _state = new AgentState(Read(), TimeProvider.System);
        ReloadTask task = new(Read().Source!, MakeSettings, Apply, _state, manager, _requested, TimeProvider.System, _log);
        using CancellationTokenSource stopping = new();
        Task run = task.RunAsync(() => { }, stopping.Token);
        Write("{ \"interval\": \"2s\" }");
        _requested.Set();
        await Poll.Until(() => Applied().Length > 0, "the new file is applied");
        Assert.Equal("2s", Applied()[0]);

        // The text that was written meanwhile is a second change, valid or not.
        await Poll.Until(() => _log.Lines.Count > 1, "the change that was made meanwhile is logged");
        Assert.Equal(meanwhile.Contains("3s"), Applied().Contains("3s"));
        Assert.Equal(meanwhile.Contains("3s"), _state.Reload!.Successful);
        await stopping.CancelAsync();
        await run;

        Settings MakeSettings(SourceFiles files)
        {
            if (reads++ == 0)
            {
                Write(meanwhile);
            }

            return Read(files);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Unreadable_file_is_rejected_with_the_reason(bool isDirectory)
    {
        Write("{ \"interval\": \"1s\" }");
        using ServiceManager manager = new(_ => null, TimeProvider.System, new RecordingLogger<ServiceManager>());
        _state = new AgentState(Read(), TimeProvider.System);
        ReloadTask task = new(Read().Source!, files => Read(files), Apply, _state, manager, _requested, TimeProvider.System, _log);
        using CancellationTokenSource stopping = new();
        Task run = task.RunAsync(() => { }, stopping.Token);
        File.Delete(Config);
        if (isDirectory)
        {
            Directory.CreateDirectory(Config);
        }

        _requested.Set();
        await Poll.Until(() => _log.Lines.Count > 0, "the file is rejected");
        Assert.StartsWith($"Error: the configuration stays as it was: {Config}: ", _log.Lines[0]);
        Assert.Empty(Applied());
        Assert.False(_state.Reload!.Successful);
        await stopping.CancelAsync();
        await run;
    }

    private Settings Read(SourceFiles? files = null) => new SettingsReader(_ => null).Read(new CommandLineValues(("--config", Config)), files);

    // In one step, so that the task never reads a part of a file.
    private void Write(string text)
    {
        File.WriteAllBytes(_scratch["next"], Encoding.UTF8.GetBytes(text));
        File.Move(_scratch["next"], Config, overwrite: true);
    }

    private string[] Applied()
    {
        lock (_applied)
        {
            return [.. _applied];
        }
    }

    private Task<bool> Apply(Settings settings)
    {
        lock (_applied)
        {
            _applied.Add(Duration.Format(settings.Interval.Value));
        }

        return Task.FromResult(true);
    }
}
