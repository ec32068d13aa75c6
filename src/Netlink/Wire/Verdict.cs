using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Netlink.Interop;

namespace Netlink.Wire;

/// <summary>The result of a request: the errno of NLMSG_ERROR or NLMSG_DONE, and the kernel's message if it sent one.</summary>
/// <param name="Errno">The errno, positive; 0 for success.</param>
/// <param name="KernelMessage">The text of an extended ack; null without one.</param>
internal readonly record struct Verdict(int Errno, string? KernelMessage)
{
    /// <summary>
    /// Reads NLMSG_ERROR: the errno, the request's header, the whole request unless the kernel capped it, then the extended ack.
    /// </summary>
    /// <exception cref="MalformedMessageException">The message is too short, or a length in it is wrong.</exception>
    internal static Verdict OfError(NetlinkMessage message)
    {
        if (message.Payload.Length < Unsafe.SizeOf<nlmsgerr>())
        {
            throw new MalformedMessageException($"NLMSG_ERROR with {message.Payload.Length} bytes");
        }

        nlmsgerr error = MemoryMarshal.Read<nlmsgerr>(message.Payload);
        int errno = ToErrno(error.error, nameof(netlink_h.NLMSG_ERROR));
        if ((message.Flags & netlink_h.NLM_F_ACK_TLVS) == 0)
        {
            return new Verdict(errno, null);
        }

        ReadOnlySpan<byte> extendedAck = message.Payload[Unsafe.SizeOf<nlmsgerr>()..];
        if ((message.Flags & netlink_h.NLM_F_CAPPED) == 0)
        {
            long echoed = (long)error.msg.nlmsg_len - Unsafe.SizeOf<nlmsghdr>();
            if (echoed < 0 || echoed > extendedAck.Length)
            {
                throw new MalformedMessageException($"NLMSG_ERROR with an echoed request of {error.msg.nlmsg_len} bytes");
            }

            extendedAck = extendedAck[Math.Min(Alignment.Up((int)echoed), extendedAck.Length)..];
        }

        return new Verdict(errno, ReadText(extendedAck));
    }

    /// <summary>Reads NLMSG_DONE: the errno of a dump that failed, 0 for success, then an optional extended ack.</summary>
    /// <exception cref="MalformedMessageException">The message is too short, or a length in it is wrong.</exception>
    internal static Verdict OfDone(NetlinkMessage message)
    {
        if (message.Payload.Length < sizeof(int))
        {
            throw new MalformedMessageException($"NLMSG_DONE with {message.Payload.Length} bytes");
        }

        int errno = ToErrno(MemoryMarshal.Read<int>(message.Payload), nameof(netlink_h.NLMSG_DONE));
        bool hasText = (message.Flags & netlink_h.NLM_F_ACK_TLVS) != 0;
        return new Verdict(errno, hasText ? ReadText(message.Payload[sizeof(int)..]) : null);
    }

    private static int ToErrno(int wire, string where) => wire is <= 0 and > int.MinValue
        ? -wire
        : throw new MalformedMessageException($"{where} with the errno {wire}");

    private static string? ReadText(ReadOnlySpan<byte> extendedAck)
    {
        string? text = null;
        AttributeReader attributes = new(extendedAck);
        while (attributes.MoveNext())
        {
            if (attributes.Current.Type == netlink_h.NLMSGERR_ATTR_MSG)
            {
                text = ToLine(attributes.Current.Payload);
            }
        }

        return text;
    }

    /// <summary>Converts a C string to one line of text. Control characters become spaces.</summary>
    private static string ToLine(ReadOnlySpan<byte> text)
    {
        int end = text.IndexOf((byte)0);
        string line = Encoding.UTF8.GetString(end < 0 ? text : text[..end]);
        return string.Create(line.Length, line, static (characters, source) =>
        {
            for (int i = 0; i < characters.Length; i++)
            {
                characters[i] = char.IsControl(source[i]) ? ' ' : source[i];
            }
        });
    }
}
