using System.Runtime.InteropServices;

namespace Agent.Metrics.Endpoint.Interop;

/// <summary>What it takes to count the links in a directory; .NET, which lists one, follows each of them to its file. C spelling.</summary>
internal static partial class LibC
{
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
