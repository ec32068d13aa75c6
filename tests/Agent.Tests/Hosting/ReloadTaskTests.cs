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

    /// <summary>The files that the configuration file names, those that it names later included.</summary>
    [Fact]
    public async Task Each_named_file_is_looked_at_while_it_is_named()
    {
        string databases = _scratch["databases.json"];
        string queries = _scratch["queries.json"];
        Write("{ \"interval\": \"1s\" }");
        Write(databases, "[ { \"name\": \"a\", \"host\": \"h\", \"database\": \"d\", \"user\": \"u\" } ]");
        Write(queries, "[]");
        using ServiceManager manager = new(_ => null, TimeProvider.System, new RecordingLogger<ServiceManager>());
        _state = new AgentState(Read(), TimeProvider.System);
        ReloadTask task = new(Read().Source!, files => Read(files), Apply, _state, manager, _requested, TimeProvider.System, _log);
        using CancellationTokenSource stopping = new();
        Task run = task.RunAsync(() => { }, stopping.Token);
        Assert.Equal($"look for changes of {Config}", task.Duty);

        Write($"{{ \"interval\": \"2s\", \"databasesFile\": \"{databases}\", \"queriesFile\": \"{queries}\" }}");
        await Poll.Until(() => Applied() is ["2s a: "], "the new configuration file is applied");
        Assert.Equal($"look for changes of {Config}, {databases}, {queries}", task.Duty);
        Write(queries, "[ { \"name\": \"q\", \"help\": \"h\", \"query\": \"SELECT 1\" } ]");
        await Poll.Until(() => Applied() is [_, "2s a: q"], "the new file of queries is applied");

        // Invalid ones change nothing, and are looked at until they are valid.
        Write(queries, "[ { \"name\": \"up\", \"help\": \"h\", \"query\": \"SELECT 1\" } ]");
        await Poll.Until(() => _log.Lines.Count > 2, "the invalid file is logged");
        Assert.StartsWith($"Error: the configuration stays as it was: {queries}:1: [0].name: ", _log.Lines[2]);
        Assert.False(_state.Reload!.Successful);
        Write(queries, "[]");
        await Poll.Until(() => Applied() is [_, _, "2s a: "], "the valid file is applied");
        Assert.True(_state.Reload!.Successful);
        File.Delete(databases);
        await Poll.Until(() => _log.Lines.Count > 4, "the missing file is logged");
        Assert.Contains($"{Config}:1: databasesFile: {databases}: cannot be read", _log.Lines[4]);

        Write("{ \"interval\": \"3s\" }");
        await Poll.Until(() => Applied() is [_, _, _, "3s"], "the file without the others is applied");
        Assert.Equal($"look for changes of {Config}", task.Duty);
        await stopping.CancelAsync();
        await run;
    }

    private Settings Read(SourceFiles? files = null) => new SettingsReader(_ => null).Read(new CommandLineValues(("--config", Config)), files);

    // In one step, so that the task never reads a part of a file.
    private void Write(string text) => Write(Config, text);

    private void Write(string path, string text)
    {
        File.WriteAllBytes(_scratch["next"], Encoding.UTF8.GetBytes(text));
        File.Move(_scratch["next"], path, overwrite: true);
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
            _applied.Add(string.Join(' ', [
                Duration.Format(settings.Interval.Value),
                .. settings.Databases.Select(database => $"{database.Name}: {string.Join(',', database.Queries.Select(query => query.Name))}"),
            ]));
        }

        return Task.FromResult(true);
    }
}
