using System.ComponentModel;
using static Tmds.Linux.LibC;

namespace Agent.Hosting;

/// <summary>Describes an unexpected failure in one line for the operator.</summary>
internal static class UnexpectedFailure
{
    private const string NoMemoryOrThread =
        "the kernel gives no more memory or no more threads; raise the limits (ulimit -u, -v and -d, MemoryMax=, TasksMax=)";

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
        // EAGAIN comes from pthread_create(3). .NET reports it as a file that another process has locked.
        return errno == ENOMEM || errno == EAGAIN ? NoMemoryOrThread
            : errno == EMFILE ? "too many open files: raise LimitNOFILE= or ulimit -n"
            : $"{cause.GetType().Name}: {cause.Message}";
    }

    /// <summary>The exception inside the wrappers of .NET, whose texts say nothing.</summary>
    private static Exception Cause(Exception failure) =>
        failure is TypeInitializationException or TaskSchedulerException or AggregateException && failure.InnerException is { } inner
            ? Cause(inner)
            : failure;
}
