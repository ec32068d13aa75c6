using System.CommandLine;
using System.CommandLine.Parsing;
using Agent.Configuration;

namespace Agent.Cli;

/// <summary>The options of the program and what they are for.</summary>
internal sealed class CommandLine
{
    private readonly Option<string[]> _port = new("--port")
    {
        Description = "A local port to count; repeat it for more [CONSUL_PORT, comma list; default: 8500]",
        HelpName = "N",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> _watch = new("--watch")
    {
        Description = "What to call the ports together [default: consul; the ports themselves where --port names others than 8500 and 8501]",
        HelpName = "NAME",
    };

    private readonly Option<string?> _limit = new("--limit")
    {
        Description = "Connections that one client may hold on the ports together, or none [default: 200 for the watch consul, else none]",
        HelpName = "N|none",
    };

    private readonly Option<string?> _interval = new("--interval")
    {
        Description = "From one census to the next: 500ms, 1m30s, 00:01:30 [UPDATE_DELAY; default: 1s]",
        HelpName = "D",
    };

    private readonly Option<string?> _textfileDirectory = new("--textfile-directory")
    {
        Description = "Where tcp_connections.prom goes for node_exporter, or none; with --once only when given here "
            + $"[TEXTFILE_DIRECTORY; default: {SettingsReader.DefaultTextfileDirectory}]",
        HelpName = "DIR|none",
    };

    private readonly Option<string?> _netns = new("--netns")
    {
        Description = "Count in another network namespace: a PID, a path, or a name under /run/netns [AGENT_NETNS; default: the agent's own]",
        HelpName = "WHERE",
    };

    private readonly Option<string?> _config = new("--config")
    {
        Description = "A file with the settings, and with watches in place of --port, --watch and --limit [AGENT_CONFIG]",
        HelpName = "FILE",
    };

    private readonly Option<string[]> _listen = new(EndpointReader.ListenOption)
    {
        Description = "Serve metrics over HTTP at an IP address, at port 18500 where none is given; repeat it for more [AGENT_LISTEN, comma list; default: off]",
        HelpName = "ADDRESS:PORT",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> _listenTokenFile = new("--listen-token-file")
    {
        Description = "A file with the bearer token that clients of --listen have to show [AGENT_LISTEN_TOKEN_FILE]",
        HelpName = "FILE",
    };

    private readonly Option<string?> _listenCertificateFile = new("--listen-certificate-file")
    {
        Description = "A certificate in PEM, and those that signed it: --listen serves TLS [AGENT_LISTEN_CERTIFICATE_FILE]",
        HelpName = "FILE",
    };

    private readonly Option<string?> _listenKeyFile = new("--listen-key-file")
    {
        Description = "Its key, in PEM and not encrypted [AGENT_LISTEN_KEY_FILE]",
        HelpName = "FILE",
    };

    private readonly Option<string?> _filter = new("--filter")
    {
        Description = "What --once counts, in the language of ss: 'dst 10.0.0.0/8 and not dport = :443'",
        HelpName = "EXPRESSION",
    };

    private readonly Option<bool> _processes = new("--processes")
    {
        Description = "With --once: show which processes of this host hold the clients' ends, in a table or in JSON",
    };

    private readonly Option<bool> _once = new("--once")
    {
        Description = "Take one census, print it and end",
    };

    private readonly Option<string?> _output = new("--output")
    {
        Description = "The form in which --once prints: table for people, json, prom for Prometheus, check for Consul, Nagios or Sensu "
            + "[default: table on a terminal, else check with thresholds, else prom]",
        HelpName = "FORM",
    };

    private readonly Option<string?> _warning = new(WatchThresholds.WarningOption)
    {
        Description = "Connections of one client, or a share of the limit, from which on --once exits with 1: 160 or 80%",
        HelpName = "X",
    };

    private readonly Option<string?> _critical = new(WatchThresholds.CriticalOption)
    {
        Description = "The same for exit code 2",
        HelpName = "X",
    };

    private readonly Command _checkConfig = new("check-config", "Say whether a configuration file is valid, and which settings are in force with it");

    private readonly Argument<string> _checkedFile = new("FILE");

    private readonly RootCommand _root = new(
        "Counts the TCP connections of this host's services by asking the kernel (sock_diag), for Prometheus and for people.");

    private readonly Command _health = new(
        "health", "Tell whether the agent that runs here, with the same options and variables, counts and publishes: exit code 0 or 1");

    internal CommandLine()
    {
        foreach (Option option in (ReadOnlySpan<Option>)
            [_once, _output, _processes, _warning, _critical, _filter, _port, _watch, _limit, _interval, _textfileDirectory, _netns, _config,
            _listen, _listenTokenFile, _listenCertificateFile, _listenKeyFile])
        {
            _root.Options.Add(option);
        }

        _checkConfig.Arguments.Add(_checkedFile);
        _root.Subcommands.Add(_checkConfig);
        _health.Options.Add(_interval);
        _health.Options.Add(_textfileDirectory);
        _health.Options.Add(_config);
        _root.Subcommands.Add(_health);
    }

    /// <summary>Parses the arguments and does what they ask for.</summary>
    /// <param name="arguments">Without the program's name.</param>
    /// <param name="readVariable">Reads an environment variable.</param>
    /// <param name="runOnce">What --once does; gives the exit code.</param>
    /// <param name="checkConfig">What check-config does with the file, with what it is valid as; gives the exit code.</param>
    /// <param name="runDaemon">What it does without, with what makes the settings of what stands in the file; gives the exit code.</param>
    /// <param name="runHealth">What the command health does; gives the exit code.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="ConfigurationException">An option or variable is wrong.</exception>
    internal int Run(
        IReadOnlyList<string> arguments,
        Func<string, string?> readVariable,
        Func<Settings, OnceOptions, int> runOnce,
        Func<string, Settings, int> checkConfig,
        Func<Settings, Func<byte[], Settings>, int> runDaemon,
        Func<HealthSettings, int> runHealth)
    {
        string? ReadUtf8(string name) => Utf8Text.Checked(name, readVariable(name));
        _root.SetAction(result =>
        {
            bool isOnce = result.GetValue(_once);
            if (isOnce)
            {
                RefuseWithOnce(result, _listen);
                RefuseWithOnce(result, _listenTokenFile);
                RefuseWithOnce(result, _listenCertificateFile);
                RefuseWithOnce(result, _listenKeyFile);
            }

            Settings Read(byte[]? text) => new SettingsReader(ReadUtf8).Read(Given(result), text);
            Settings settings = Read(null);
            OnceOptions once = OnceOptions.Of(result.GetValue(_output), result.GetValue(_processes));
            if (isOnce)
            {
                RefuseNarrowedTextfile(result);
                return runOnce(settings, once);
            }

            RefuseWithoutOnce(result, _output, "there is output");
            RefuseWithoutOnce(result, _processes, "processes are looked for");
            RefuseWithoutOnce(result, _warning, "there are exit codes");
            RefuseWithoutOnce(result, _critical, "there are exit codes");
            RefuseWithoutOnce(result, _filter, "counts may be narrowed");
            return runDaemon(settings, Read);
        });
        _checkConfig.SetAction(result =>
        {
            RefuseForeignOptions(result, _checkConfig);
            string file = result.GetRequiredValue(_checkedFile);
            return checkConfig(file, new SettingsReader(ReadUtf8).Read(new GivenValues { ConfigurationFile = file }));
        });
        _health.SetAction(result =>
        {
            RefuseForeignOptions(result, _health);
            return runHealth(new SettingsReader(ReadUtf8).ReadForHealth(Given(result)));
        });

        // A leading @ is part of a value and no file to read arguments from.
        ParseResult parsed = _root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Tokens.FirstOrDefault(token => token.Type == TokenType.Directive) is { } directive)
        {
            // [suggest] and the like belong to the parser and not to this program.
            throw new ConfigurationException($"Unrecognized command or argument '{directive.Value}'; 'agent --help' shows the options");
        }

        if (parsed.Errors is [var first, ..])
        {
            throw new ConfigurationException($"{first.Message.TrimEnd('.')}; 'agent --help' shows the options");
        }

        string named = "the argument";
        foreach (Token token in parsed.Tokens)
        {
            _ = Utf8Text.Checked(named, token.Value);
            named = token.Type == TokenType.Option ? token.Value : named;
        }

        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    private GivenValues Given(ParseResult result) => new()
    {
        IsOnce = result.GetValue(_once),
        Ports = result.GetValue(_port) ?? [],
        Watch = result.GetValue(_watch),
        Limit = result.GetValue(_limit),
        Warning = result.GetValue(_warning),
        Critical = result.GetValue(_critical),
        Interval = result.GetValue(_interval),
        TextfileDirectory = result.GetValue(_textfileDirectory),
        Namespace = result.GetValue(_netns),
        ConfigurationFile = result.GetValue(_config),
        Filter = result.GetValue(_filter),
        Listen = result.GetValue(_listen) ?? [],
        ListenTokenFile = result.GetValue(_listenTokenFile),
        ListenCertificateFile = result.GetValue(_listenCertificateFile),
        ListenKeyFile = result.GetValue(_listenKeyFile),
    };

    /// <summary>A textfile that holds less than all would be taken for all.</summary>
    private void RefuseNarrowedTextfile(ParseResult result)
    {
        if (result.GetValue(_filter) is not null && result.GetValue(_textfileDirectory) is not (null or "none"))
        {
            throw new ConfigurationException($"{_filter.Name}: a textfile must hold everything; leave {_textfileDirectory.Name} away");
        }
    }

    /// <summary>The parser takes the root's options before a command, also those that the command does not have.</summary>
    private static void RefuseForeignOptions(ParseResult result, Command command)
    {
        foreach (OptionResult given in result.RootCommandResult.Children.OfType<OptionResult>())
        {
            if (!given.Implicit && !command.Options.Contains(given.Option))
            {
                throw new ConfigurationException($"{given.Option.Name}: not an option of '{command.Name}'; leave it away");
            }
        }
    }

    /// <summary>Variables and a file may be those of the daemon on the same host, and are no mistake.</summary>
    private static void RefuseWithOnce(ParseResult result, Option option)
    {
        if (result.GetResult(option) is { Implicit: false })
        {
            throw new ConfigurationException($"{option.Name}: --once ends before anybody could ask it; leave one of the two away");
        }
    }

    private static void RefuseWithoutOnce(ParseResult result, Option option, string what)
    {
        if (result.GetResult(option) is { Implicit: false })
        {
            throw new ConfigurationException($"{option.Name}: {what} only with --once; add it, or leave {option.Name} away");
        }
    }
}
