using System.Runtime.InteropServices;

namespace Netlink.Interop;

/// <summary>The C library's functions that this project calls, all of them, under their C names.</summary>
internal static partial class LibC
{
    private const string Library = "libc";

    // int socket(int domain, int type, int protocol);
    [LibraryImport(Library, SetLastError = true)]
    internal static partial FileDescriptor socket(int domain, int type, int protocol);

    // int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen);
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int bind(FileDescriptor sockfd, in sockaddr_nl addr, uint addrlen);

    // int getsockname(int sockfd, struct sockaddr *addr, socklen_t *addrlen);
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int getsockname(FileDescriptor sockfd, out sockaddr_nl addr, ref uint addrlen);

    // int setsockopt(int sockfd, int level, int optname, const void *optval, socklen_t optlen);
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setsockopt(FileDescriptor sockfd, int level, int optname, in int optval, uint optlen);

    // int setsockopt(int sockfd, int level, int optname, const void *optval, socklen_t optlen);
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setsockopt(FileDescriptor sockfd, int level, int optname, in timeval optval, uint optlen);

    // ssize_t sendto(int sockfd, const void *buf, size_t len, int flags, const struct sockaddr *dest_addr, socklen_t addrlen);
    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint sendto(FileDescriptor sockfd, ReadOnlySpan<byte> buf, nuint len, int flags, in sockaddr_nl dest_addr, uint addrlen);

    // ssize_t recvfrom(int sockfd, void *buf, size_t len, int flags, struct sockaddr *src_addr, socklen_t *addrlen);
    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint recvfrom(FileDescriptor sockfd, Span<byte> buf, nuint len, int flags, out sockaddr_nl src_addr, ref uint addrlen);

    // int open(const char *pathname, int flags, ...);
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial FileDescriptor open(string pathname, int flags);

    // int statx(int dirfd, const char *pathname, int flags, unsigned int mask, struct statx *statxbuf);
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statx(int dirfd, string pathname, int flags, uint mask, out statx statxbuf);

    // int statx(int dirfd, const char *pathname, int flags, unsigned int mask, struct statx *statxbuf);
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statx(FileDescriptor dirfd, string pathname, int flags, uint mask, out statx statxbuf);

    // int setns(int fd, int nstype);
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setns(FileDescriptor fd, int nstype);

    // int close(int fd);
    [LibraryImport(Library)]
    internal static partial int close(int fd);
}
