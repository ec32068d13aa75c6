using System.CommandLine;

// Measures the share of System.CommandLine in the start of a program, between bench/Empty and the agent. It parses a few options; one is
// set.
Option<string[]> port = new("--port") { Description = "A port" };
Option<string?> interval = new("--interval") { Description = "A duration" };
Option<bool> once = new("--once") { Description = "Whether once" };
RootCommand root = new("Parses and does nothing") { port, interval, once };
root.SetAction(parsed => parsed.GetValue(once) && parsed.GetValue(port) is null or { Length: 0 } && parsed.GetValue(interval) is null ? 0 : 1);
return root.Parse(args).Invoke();
