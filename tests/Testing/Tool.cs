using System.Diagnostics;

namespace Testing;

/// <summary>Runs another program to its end.</summary>
internal static class Tool
{
    internal static async Task<(int ExitCode, string Output)> Run(string program, IEnumerable<string> arguments, string input = "")
    {
        using Process process = new()
        {
            StartInfo = new ProcessStartInfo(program, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        Starting.Start(process);
        using CancellationTokenSource timeout = new(Poll.Timeout);
        Task<string> output = process.StandardOutput.ReadToEndAsync(timeout.Token);
        Task<string> errors = process.StandardError.ReadToEndAsync(timeout.Token);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(timeout.Token);
        return (process.ExitCode, await output + await errors);
    }
}
