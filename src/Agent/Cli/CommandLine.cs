using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Agent.Cli.Rendering;
using Agent.Configuration;
using Agent.Configuration.File;
using Agent.Watching;

namespace Agent.Cli;

/// <summary>The arguments of the program: its options and commands, and which of them run what.</summary>
internal sealed class CommandLine
{
    private const string Hint = "'agent --help' shows the options";

    private readonly Option<string[]> _port = new("--port")
    {
        Description = "A local port to count; repeat the option for more ports. Default: 8500. Variable: CONSUL_PORT, a comma-separated list.",
        HelpName = "N",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> _watch = new("--watch")
    {
        Description = "The name of these ports as a group. Default: consul for 8500, 8501 and the ports of CONSUL_PORT, otherwise the port numbers.",
        HelpName = "NAME",
    };

    private readonly Option<string?> _limit = new("--limit")
    {
        Description = "How many connections one client may hold on all these ports together. Default: none; for the watch consul 200, or Consul's own "
            + "limit if CONSUL_HTTP_ADDR is set.",
        HelpName = "N|none",
    };

    private readonly Option<string?> _totalLimit = new("--total-limit")
    {
        Description = "How many connections all clients together may hold on all these ports. Default: none.",
        HelpName = "N",
    };

    private readonly Option<string?> _interval = new("--interval")
    {
        Description = "The time from one census to the next, such as 500ms, 1m30s or 00:01:30. Default: 1s. Variable: UPDATE_DELAY.",
        HelpName = "DURATION",
    };

    private readonly Option<string?> _textfileDirectory = new("--textfile-directory")
    {
        Description = "The directory for tcp_connections.prom, which node_exporter reads; none writes no file. --once writes the file only if this "
            + $"option is given. Default: {SettingsReader.DefaultTextfileDirectory}. Variable: TEXTFILE_DIRECTORY.",
        HelpName = "DIR|none",
    };

    private readonly Option<string?> _netns = new("--netns")
    {
        Description = "Count in another network namespace, given as a PID, a path, or a name under /run/netns. Default: the agent's own. "
            + "Variable: AGENT_NETNS.",
        HelpName = "NAMESPACE",
    };

    private readonly Option<string?> _config = new("--config")
    {
        Description = "A configuration file. The watches in it replace --port, --watch, --limit and --total-limit. Variable: AGENT_CONFIG.",
        HelpName = "FILE",
    };

    private readonly Option<string[]> _listen = new(EndpointReader.ListenOption)
    {
        Description = "Serve /metrics over HTTP on this IP address; repeat the option for more addresses. The default port is 18500. "
            + "Default: off. Variable: AGENT_LISTEN, a comma-separated list.",
        HelpName = "ADDRESS[:PORT]",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> _listenTokenFile = new("--listen-token-file")
    {
        Description = "A file with the bearer token that HTTP clients must send. Variable: AGENT_LISTEN_TOKEN_FILE.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _listenCertificateFile = new("--listen-certificate-file")
    {
        Description = "A PEM file with a certificate and its issuers; --listen then serves HTTPS. Variable: AGENT_LISTEN_CERTIFICATE_FILE.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _listenKeyFile = new("--listen-key-file")
    {
        Description = "A PEM file with the certificate's key, not encrypted. Variable: AGENT_LISTEN_KEY_FILE.",
        HelpName = "FILE",
    };

    private readonly Option<bool> _once = new("--once")
    {
        Description = "Take one census, print it and exit.",
    };

    private readonly Option<string?> _output = new("--output")
    {
        Description = "table for people, json for programs, prom for Prometheus, or check for Consul, Nagios and Sensu. Default: table on a terminal, "
            + "otherwise check with thresholds and prom without.",
        HelpName = "FORMAT",
    };

    private readonly Option<bool> _processes = new("--processes")
    {
        Description = "Also show which processes of this host hold the clients' ends, in a table or in JSON.",
    };

    private readonly Option<bool> _databases = new("--databases")
    {
        Description = "Ask all configured databases, and show limits and use of their servers. --warn and --critical also judge each of them by its usable limit.",
    };

    private readonly Option<string?> _warning = new("--warn")
    {
        Description = "Exit with 1 if a client holds at least this many connections, 160, or this part of its limit, 80%. A percentage also judges "
            + "all clients together by --total-limit, and so does a number where there is no limit per client.",
        HelpName = "N|N%",
    };

    private readonly Option<string?> _critical = new("--critical")
    {
        Description = "Exit with 2 if a client holds at least this many connections, or this part of its limit. It judges all clients together as --warn does.",
        HelpName = "N|N%",
    };

    private readonly Option<string?> _filter = new("--filter")
    {
        Description = "Count only the connections that match a filter in the language of ss: 'dst 10.0.0.0/8 and not dport = :443'.",
        HelpName = "FILTER",
    };

    private readonly Command _checkConfig = new(
        "check-config", "Check a configuration file, and show the settings that are in force with it and where each comes from.");

    private readonly Argument<string> _checkedFile = new("FILE");

    private readonly Option<bool> _checkDatabases = new("--databases")
    {
        Description = "Also log in to each configured database, and prepare each of its queries without running it. Exit code: 64 if a query is wrong, "
            + "3 if a database cannot be asked.",
    };

    private readonly Command _health = new(
        "health", "Check by its textfile whether the agent on this host counts and publishes: exit code 0 or 1. Give it the agent's own options and variables.");

    private readonly RootCommand _root = new(
        "Counts the TCP connections of this host's services by asking the kernel (sock_diag), for Prometheus and for people.");

    private readonly ParseResult _parsed;

    /// <param name="arguments">Without the program's name.</param>
    /// <exception cref="ConfigurationException">The arguments are not those of any command.</exception>
    internal CommandLine(IReadOnlyList<string> arguments)
    {
        foreach (Option option in (ReadOnlySpan<Option>)
            [_port, _watch, _limit, _totalLimit, _netns, _config, _interval,
            _textfileDirectory, _listen, _listenTokenFile, _listenCertificateFile, _listenKeyFile,
            _once, _output, _processes, _databases, _warning, _critical, _filter])
        {
            _root.Options.Add(option);
        }

        foreach (Option option in _root.Options)
        {
            option.Description = option switch
            {
                HelpOption => "Show this help and exit.",
                VersionOption => "Print the version and exit.",
                _ => option.Description,
            };
        }

        _checkConfig.Arguments.Add(_checkedFile);
        _checkConfig.Options.Add(_checkDatabases);
        _root.Subcommands.Add(_checkConfig);
        _health.Options.Add(_interval);
        _health.Options.Add(_textfileDirectory);
        _health.Options.Add(_config);
        _root.Subcommands.Add(_health);
        // The parser requires an action. Run() decides what happens.
        _root.SetAction(_ => 0);
        _checkConfig.SetAction(_ => 0);
        _health.SetAction(_ => 0);
        _parsed = Parse(arguments);
    }

    /// <summary>Whether the arguments start the daemon, and not a command that prints something and exits.</summary>
    internal bool IsDaemon => _parsed.Action == _root.Action && !_parsed.GetValue(_once);

    /// <summary>Runs the command of the arguments.</summary>
    /// <param name="readVariable">Reads an environment variable.</param>
    /// <param name="runOnce">Runs --once; returns the exit code.</param>
    /// <param name="checkConfig">Runs check-config with the file's name, its settings and whether to ask the databases; returns the exit code.</param>
    /// <param name="runDaemon">Runs the daemon with its settings and a function that reads the settings from new contents of their files; returns the exit code.</param>
    /// <param name="runHealth">Runs health; returns the exit code.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="ConfigurationException">An option, a variable or the file is invalid.</exception>
    internal int Run(
        Func<string, string?> readVariable,
        Func<Settings, OnceOptions, int> runOnce,
        Func<string, Settings, bool, int> checkConfig,
        Func<Settings, Func<SourceFiles, Settings>, int> runDaemon,
        Func<HealthSettings, int> runHealth)
    {
        Command command = _parsed.CommandResult.Command;
        if (_parsed.Action != command.Action)
        {
            return StandardOutput.TryWrite(HelpOrVersion(command)) ? ExitCode.Fine : ExitCode.CouldNotMeasure;
        }

        SettingsReader reader = new(name => SettingParser.RequireUtf8(name, readVariable(name)));
        if (command == _checkConfig)
        {
            RefuseForeignOptions(command);
            string file = _parsed.GetRequiredValue(_checkedFile);
            return file.Length > 0
                ? checkConfig(file, reader.Read(new CommandLineValues((_config.Name, file))), _parsed.GetValue(_checkDatabases))
                : throw new ConfigurationException($"{command.Name}: the path is empty; give a file");
        }

        if (command == _health)
        {
            RefuseForeignOptions(command);
            return runHealth(reader.ReadForHealth(Values()));
        }

        if (_parsed.GetValue(_once))
        {
            RefuseWithOnce(_listen, _listenTokenFile, _listenCertificateFile, _listenKeyFile);
            Settings settings = reader.Read(Values());
            OnceOptions once = OnceOptions.Of(_parsed.GetValue(_output), _parsed.GetValue(_processes));
            RefuseFilteredTextfile();
            if (_parsed.GetValue(_databases))
            {
                RefuseWithoutDatabases(settings);
                once = once with { Databases = true, Warning = ThresholdOf(_warning), Critical = ThresholdOf(_critical) };
            }

            return runOnce(settings, once);
        }

        Settings first = reader.Read(Values());
        RefuseWithoutOnce(_output, _processes, _databases, _warning, _critical, _filter);
        return runDaemon(first, files => reader.Read(Values(), files));
    }

    private ParseResult Parse(IReadOnlyList<string> arguments)
    {
        // A leading @ is part of a value, and not a file with arguments.
        ParseResult parsed = _root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Tokens.FirstOrDefault(token => token.Type == TokenType.Directive) is { } directive)
        {
            // [suggest] and the like belong to the parser and not to this program.
            throw new ConfigurationException($"Unrecognized command or argument '{directive.Value}'; {Hint}");
        }

        if (parsed.Errors is [var first, ..])
        {
            throw new ConfigurationException($"{first.Message.TrimEnd('.')}; {Hint}");
        }

        string origin = "the argument";
        foreach (Token token in parsed.Tokens)
        {
            _ = SettingParser.RequireUtf8(origin, token.Value);
            origin = token.Type == TokenType.Option ? token.Value : origin;
        }

        return parsed;
    }

    private CommandLineValues Values()
    {
        List<(string Option, string? Value)> values = [];
        foreach (Option option in _root.Options)
        {
            if (option is Option<string[]> repeatable)
            {
                values.AddRange((_parsed.GetValue(repeatable) ?? []).Select(value => (option.Name, (string?)value)));
            }
            else if (option is Option<string?> single)
            {
                values.Add((option.Name, _parsed.GetValue(single)));
            }
        }

        return new CommandLineValues([.. values]) { IsOnce = _parsed.GetValue(_once) };
    }

    private string HelpOrVersion(Command command)
    {
        if (_parsed.Action is not HelpAction)
        {
            using StringWriter version = new();
            _parsed.Invoke(new InvocationConfiguration { Output = version });
            return version.ToString();
        }

        HelpText help = new(Terminal.OfStandardOutput(Environment.GetEnvironmentVariable)?.Width ?? HelpText.DefaultWidth);
        return command == _root
            ? help.OfProgram(
                _root,
                ("What is counted", [_port, _watch, _limit, _totalLimit, _netns, _config, _interval]),
                ("Where the counts go", [_textfileDirectory, _listen, _listenTokenFile, _listenCertificateFile, _listenKeyFile]),
                ("One census", [_once, _output, _processes, _databases, _warning, _critical, _filter]))
            : help.OfCommand(command);
    }

    private bool IsGiven(Option option) => _parsed.GetResult(option) is { Implicit: false };

    /// <summary>The parser accepts all options of the program before a command, even those that the command does not have.</summary>
    private void RefuseForeignOptions(Command command)
    {
        foreach (OptionResult given in _parsed.RootCommandResult.Children.OfType<OptionResult>())
        {
            if (!given.Implicit && !command.Options.Contains(given.Option))
            {
                throw new ConfigurationException($"{given.Option.Name}: not an option of '{command.Name}'; remove it");
            }
        }
    }

    /// <summary>Only options are an error here: variables and the file may be those of the daemon on the same host.</summary>
    private void RefuseWithOnce(params ReadOnlySpan<Option> options)
    {
        foreach (Option option in options)
        {
            if (IsGiven(option))
            {
                throw new ConfigurationException($"{option.Name}: --once exits after one census and serves nothing; remove {option.Name} or --once");
            }
        }
    }

    private void RefuseWithoutOnce(params ReadOnlySpan<Option> options)
    {
        foreach (Option option in options)
        {
            if (IsGiven(option))
            {
                throw new ConfigurationException($"{option.Name}: works only with --once; add --once, or remove {option.Name}");
            }
        }
    }

    private void RefuseWithoutDatabases(Settings settings)
    {
        if (settings.Databases.IsEmpty)
        {
            throw new ConfigurationException(
                $"{_databases.Name}: no database is configured; "
                    + $"add databases to the configuration file, set {EntryLists.DatabasesVariable}, or remove {_databases.Name}");
        }
    }

    /// <summary>The value of an option that the settings have already accepted as a threshold; null without.</summary>
    private Threshold? ThresholdOf(Option<string?> option) => _parsed.GetValue(option) is { } text ? Threshold.Parse(text) : null;

    /// <summary>A textfile with a part of the counts would be taken for all of them.</summary>
    private void RefuseFilteredTextfile()
    {
        if (IsGiven(_filter) && _parsed.GetValue(_textfileDirectory) is not (null or "none"))
        {
            throw new ConfigurationException($"{_filter.Name}: a textfile must contain all connections; remove {_textfileDirectory.Name} or {_filter.Name}");
        }
    }
}
