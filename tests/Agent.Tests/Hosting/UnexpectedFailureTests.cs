using System.ComponentModel;
using Agent.Hosting;

namespace Agent.Tests.Hosting;

public sealed class UnexpectedFailureTests
{
    private const string NoMemoryOrThread =
        "the kernel gives no more memory or no more threads; raise the limits (ulimit -u, -v and -d, MemoryMax=, TasksMax=)";

    private const string NoDescriptor = "too many open files: raise LimitNOFILE= or ulimit -n";

    public static TheoryData<Exception, string> Failures => new()
    {
        { new InsufficientMemoryException(), NoMemoryOrThread },
        { new TaskSchedulerException(new InsufficientMemoryException()), NoMemoryOrThread },
        { new TypeInitializationException("Some.Type", new TypeInitializationException("Another.Type", new InsufficientMemoryException())), NoMemoryOrThread },
        { new AggregateException(new Win32Exception(11)), NoMemoryOrThread },
        { new IOException("The process cannot access the file because it is being used by another process.", 11), NoMemoryOrThread },
        { new Win32Exception(12), NoMemoryOrThread },
        { new Win32Exception(24), NoDescriptor },
        { new IOException("Too many open files", 24), NoDescriptor },
        { new TypeInitializationException("Some.Type", new InvalidOperationException("no good")), "InvalidOperationException: no good" },
        { new IOException("No space left on device", 28), "IOException: No space left on device" },
        { new InvalidOperationException("no good", new InsufficientMemoryException()), "InvalidOperationException: no good" },
        { new TaskSchedulerException("alone"), "TaskSchedulerException: alone" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void Failure_is_described_by_its_cause(Exception failure, string line) => Assert.Equal(line, UnexpectedFailure.Describe(failure));
}
