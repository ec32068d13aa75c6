using System.Globalization;
using System.Runtime.ExceptionServices;
using Netlink.Interop;
using Tmds.Linux;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Netlink;

/// <summary>
/// Another network namespace than the caller's, by the file that stands for it; see network_namespaces(7). Nothing is opened before it is
/// used, and it may come, go or be replaced at any time.
/// </summary>
public sealed class NetworkNamespace
{
    private const string NamedDirectory = "/run/netns";

    private NetworkNamespace(string where, string path)
    {
        Where = where;
        Path = path;
    }

    /// <summary>The namespace as it was given to <see cref="Parse"/>.</summary>
    public string Where { get; }

    /// <summary>The file that stands for the namespace.</summary>
    public string Path { get; }

    /// <summary>
    /// Tells the three ways to name a namespace apart: digits are a process id, anything with a slash is a path, the rest is a name under
    /// /run/netns as <c>ip netns</c> makes them.
    /// </summary>
    /// <exception cref="FormatException">It is none of the three; the message is one line.</exception>
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

    /// <summary>Which namespace the file stands for at this moment.</summary>
    /// <exception cref="NetlinkException">It is gone, or may not be looked at.</exception>
    internal NamespaceIdentity Identify()
    {
        ThrowIfNegative(LibC.statx(Path, flags: 0, STATX_INO, out statx status), NetlinkOperation.OpenNamespace);
        return NamespaceIdentity.From(in status);
    }

    /// <summary>Opens a netlink socket that belongs to this namespace.</summary>
    /// <exception cref="NetlinkException">The namespace is gone, may not be entered, or the kernel refused the socket.</exception>
    internal (NetlinkSocket Socket, NamespaceIdentity Identity) OpenSocket()
    {
        (NetlinkSocket, NamespaceIdentity)? opened = null;
        ExceptionDispatchInfo? failure = null;

        // setns(2) moves the calling thread and nothing moves it back: it needs a thread that is not used for anything else and dies. Nothing
        // there may have .NET start one of its own threads, as a Socket or the thread pool does: it would be born there, and live on.
        Thread visitor = new(() =>
        {
            try
            {
                opened = EnterAndOpen();
            }
            catch (Exception exception)
            {
                // What leaves a thread unhandled ends the process.
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
        // O_NONBLOCK: a named pipe by mistake must be an error and not a wait for its writer.
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
