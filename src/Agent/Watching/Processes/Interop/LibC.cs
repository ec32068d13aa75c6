using System.Runtime.InteropServices;

namespace Agent.Watching.Processes.Interop;

/// <summary>
/// What a look at processes' descriptors needs and .NET does not give: a link's text, or why it may not be read, and the names in a directory
/// without following each link to its file, which may be on a dead server. C spelling.
/// </summary>
internal static partial class LibC
{
    // errno.h
    internal const int EPERM = 1;
    internal const int EACCES = 13;

    // ssize_t readlink(const char *pathname, char *buf, size_t bufsiz);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint readlink(string pathname, Span<byte> buf, nuint bufsiz);

    // DIR *opendir(const char *name);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint opendir(string name);

    // struct dirent *readdir(DIR *dirp);
    [LibraryImport("libc")]
    internal static partial nint readdir(nint dirp);

    // int closedir(DIR *dirp);
    [LibraryImport("libc")]
    internal static partial int closedir(nint dirp);
}
