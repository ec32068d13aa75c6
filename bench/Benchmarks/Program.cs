using BenchmarkDotNet.Running;

// Runs in this process: a project that BenchmarkDotNet generates would inherit this repository's rules and need its own restore.
BenchmarkSwitcher.FromAssembly(typeof(Benchmarks.Parsing).Assembly).Run(["--inProcess", .. args]);
