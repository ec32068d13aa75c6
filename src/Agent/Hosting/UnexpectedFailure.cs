using System.ComponentModel;
using static Tmds.Linux.LibC;

namespace Agent.Hosting;

/// <summary>A failure that no part of the agent expects, in one line that an operator can use.</summary>
internal static class UnexpectedFailure
{
    private const string NoMemoryOrThread =
        "the kernel gives no more memory or no further thread; raise the limits (ulimit -u, -v and -d, MemoryMax=, TasksMax=)";

    internal static string Describe(Exception failure)
    {
        Exception cause = Cause(failure);
        int? errno = cause switch
        {
            OutOfMemoryException => ENOMEM,
            Win32Exception refused => refused.NativeErrorCode,
            IOException refused => refused.HResult,
            _ => null,
        };
        // EAGAIN is that of pthread_create(3). .NET takes it for a file that another process has locked.
        return errno == ENOMEM || errno == EAGAIN ? NoMemoryOrThread
            : errno == EMFILE ? "too many open files: raise LimitNOFILE= or ulimit -n"
            : $"{cause.GetType().Name}: {cause.Message}";
    }

    /// <summary>What .NET wraps it in says nothing.</summary>
    private static Exception Cause(Exception failure) =>
        failure is TypeInitializationException or TaskSchedulerException or AggregateException && failure.InnerException is { } inner
            ? Cause(inner)
            : failure;
}
