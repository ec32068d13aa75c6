using System.Globalization;
using System.Runtime.ExceptionServices;
using Netlink.Interop;
using Tmds.Linux;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Netlink;

/// <summary>
/// Another network namespace than the caller's, identified by a file; see network_namespaces(7). The file is opened only when it is needed, so the
/// namespace may appear, disappear or be replaced at any time.
/// </summary>
public sealed class NetworkNamespace
{
    private const string NamedDirectory = "/run/netns";

    private NetworkNamespace(string where, string path)
    {
        Where = where;
        Path = path;
    }

    /// <summary>The text that was passed to <see cref="Parse"/>.</summary>
    public string Where { get; }

    /// <summary>The path of the namespace's file.</summary>
    public string Path { get; }

    /// <summary>
    /// Parses one of three ways to name a namespace: digits are a process id, a text with a slash is a path, everything else is a name under /run/netns,
    /// as created by <c>ip netns</c>.
    /// </summary>
    /// <exception cref="FormatException">The text is none of the three; the message is one line.</exception>
    public static NetworkNamespace Parse(string where)
    {
        ArgumentNullException.ThrowIfNull(where);
        if (where.Length > 0 && where.All(char.IsAsciiDigit))
        {
            return int.TryParse(where, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && pid > 0
                ? new NetworkNamespace(where, $"/proc/{pid}/ns/net")
                : throw new FormatException($"'{where}' is not a process id");
        }

        if (where.Contains('\0') || where is "" or "." or "..")
        {
            throw new FormatException(
                $"'{where}' is not a network namespace: give a PID, a path such as /proc/1/ns/net, or a name under {NamedDirectory}");
        }

        return new NetworkNamespace(where, where.Contains('/') ? where : $"{NamedDirectory}/{where}");
    }

    /// <inheritdoc/>
    public override string ToString() => Where;

    /// <summary>Identifies the namespace that the file refers to now.</summary>
    /// <exception cref="NetlinkException">The file does not exist, or this process may not access it.</exception>
    internal NamespaceIdentity Identify()
    {
        ThrowIfNegative(LibC.statx(Path, flags: 0, STATX_INO, out statx status), NetlinkOperation.OpenNamespace);
        return NamespaceIdentity.From(in status);
    }

    /// <summary>Opens a netlink socket that belongs to this namespace.</summary>
    /// <exception cref="NetlinkException">The namespace does not exist, this process may not enter it, or the kernel refused the socket.</exception>
    internal (NetlinkSocket Socket, NamespaceIdentity Identity) OpenSocket()
    {
        (NetlinkSocket, NamespaceIdentity)? opened = null;
        ExceptionDispatchInfo? failure = null;

        // setns(2) moves the calling thread for good, so it needs a thread of its own that then ends. That thread must not cause .NET to start one of its
        // own threads, as a Socket or the thread pool does: such a thread would start in that namespace and stay there.
        Thread visitor = new(() =>
        {
            try
            {
                opened = EnterAndOpen();
            }
            catch (Exception exception)
            {
                // An unhandled exception in a thread would end the process.
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        })
        {
            IsBackground = true,
            Name = "netns visitor",
        };
        visitor.Start();
        visitor.Join();

        failure?.Throw();
        return opened!.Value;
    }

    private string Quoted => Where == Path ? $"'{Where}'" : $"'{Where}' ({Path})";

    private (NetlinkSocket Socket, NamespaceIdentity Identity) EnterAndOpen()
    {
        // O_NONBLOCK: without it, opening a named pipe would wait for a writer.
        using FileDescriptor file = LibC.open(Path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, mode: 0, out int errno);
        ThrowIfNegative(-errno, NetlinkOperation.OpenNamespace);
        ThrowIfNegative(LibC.statx(file, STATX_INO, out statx status), NetlinkOperation.OpenNamespace);
        ThrowIfNegative(LibC.setns(file, CLONE_NEWNET), NetlinkOperation.EnterNamespace);
        return (NetlinkSocket.Open(), NamespaceIdentity.From(in status));
    }

    private void ThrowIfNegative(int result, NetlinkOperation operation)
    {
        if (result < 0)
        {
            throw new NetlinkException(operation, -result, Quoted);
        }
    }
}

/// <summary>
/// Identifies a namespace: the device and inode of its file, see namespaces(7). While an open socket keeps a namespace alive, the kernel does not reuse
/// its inode.
/// </summary>
internal readonly record struct NamespaceIdentity(uint DeviceMajor, uint DeviceMinor, ulong Inode)
{
    internal static NamespaceIdentity From(in statx status) => new(status.stx_dev_major, status.stx_dev_minor, status.stx_ino);
}
