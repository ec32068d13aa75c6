using System.Diagnostics;
using Testing;

namespace Integration;

/// <summary>A program that runs beside a test. Disposing this kills it, also when the test fails.</summary>
internal sealed class BackgroundProgram : IDisposable
{
    private readonly Process _process;
    private readonly List<string> _output = [];
    private readonly List<string> _errors = [];

    internal BackgroundProgram(string program, IEnumerable<string> arguments)
    {
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        _process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Append(_errors, line.Data);
        Starting.Start(_process);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The lines on its standard output so far.</summary>
    internal IReadOnlyList<string> Output => Copy(_output);

    /// <summary>The lines on its standard error so far.</summary>
    internal IReadOnlyList<string> Errors => Copy(_errors);

    /// <summary>
    /// Waits for a condition that only the running program can meet. If the program ends first, the test fails at once with the program's
    /// output.
    /// </summary>
    internal Task Until(Func<bool> condition, string what) => Poll.Until(
        () =>
        {
            // Read before the condition is checked: the last line of a program that ends by itself may meet the condition.
            bool exited = _process.HasExited;
            if (exited)
            {
                _process.WaitForExit();
            }

            if (condition())
            {
                return true;
            }

            Assert.False(
                exited, $"{_process.StartInfo.FileName} ended before this happened: {what}\n{string.Join('\n', [.. Output, .. Errors])}");
            return false;
        },
        what);

    internal int Id => _process.Id;

    internal void Signal(int signal) => Assert.Equal(0, NativeMethods.kill(_process.Id, signal));

    internal Task<int> Terminate() => End(NativeMethods.SIGTERM);

    internal Task<int> Kill() => End(NativeMethods.SIGKILL);

    /// <summary>Waits until the program has ended and its output is complete.</summary>
    internal async Task<int> Exit(CancellationToken cancellationToken = default)
    {
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Poll.Timeout);
        await _process.WaitForExitAsync(timeout.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private Task<int> End(int signal)
    {
        Signal(signal);
        return Exit();
    }

    private static void Append(List<string> lines, string? line)
    {
        if (line is not null)
        {
            lock (lines)
            {
                lines.Add(line);
            }
        }
    }

    private static string[] Copy(List<string> lines)
    {
        lock (lines)
        {
            return [.. lines];
        }
    }
}
