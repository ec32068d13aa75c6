using BenchmarkDotNet.Running;

// In this process: a project that BenchmarkDotNet generates would inherit this repository's rules and need a restore of its own.
BenchmarkSwitcher.FromAssembly(typeof(Benchmarks.Parsing).Assembly).Run(["--inProcess", .. args]);
