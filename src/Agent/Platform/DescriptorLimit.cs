using System.Buffers.Text;

namespace Agent.Platform;

/// <summary>The most descriptors that a process may have, "Max open files" in proc_pid_limits(5).</summary>
internal static class DescriptorLimit
{
    /// <summary>The usual limit of a process, for when the limit is unknown.</summary>
    internal const long Default = 1024;

    /// <param name="directory">The process's directory in /proc.</param>
    /// <returns>The soft limit, <see cref="long.MaxValue"/> if it is unlimited; null if it cannot be read.</returns>
    internal static long? Read(string directory)
    {
        try
        {
            return Parse(File.ReadAllBytes($"{directory}/limits"));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <param name="limits">The content of /proc/PID/limits.</param>
    /// <returns>The soft limit, <see cref="long.MaxValue"/> if it is unlimited; null if the content has none.</returns>
    internal static long? Parse(ReadOnlySpan<byte> limits)
    {
        ReadOnlySpan<byte> name = "Max open files "u8;
        int start = limits.IndexOf(name);
        ReadOnlySpan<byte> value = start < 0 ? [] : limits[(start + name.Length)..].TrimStart((byte)' ');
        return value.StartsWith("unlimited"u8) ? long.MaxValue : Utf8Parser.TryParse(value, out long soft, out _) ? soft : null;
    }
}
