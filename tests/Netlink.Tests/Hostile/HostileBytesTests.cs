using System.Buffers.Binary;
using Netlink.SockDiag;
using Testing;

namespace Netlink.Tests.Hostile;

/// <summary>
/// Damaged replies, the same for the same seed. AGENT_FUZZ_MUTATIONS sets their number, AGENT_FUZZ_SEED the seed.
/// </summary>
public sealed class HostileBytesTests
{
    private static readonly int Mutations = Number("AGENT_FUZZ_MUTATIONS", 100_000);
    private static readonly int Seed = Number("AGENT_FUZZ_SEED", 8500);

    [Fact]
    public void List_of_readers_is_complete() =>
        Assert.Equal(
            Readers.InTheAssembly().Distinct().Order(StringComparer.Ordinal),
            Readers.All.Keys.Concat(Readers.NotReaders).Order(StringComparer.Ordinal));

    [Fact]
    public void Damaged_bytes_cause_only_MalformedMessageException()
    {
        using GuardedBuffer guarded = new(64 * 1024);
        Mutator mutator = new(Seed);
        int rejected = 0;
        for (int i = 0; i < Mutations; i++)
        {
            (string fixture, byte[] datagram) = Fixtures.All[i % Fixtures.All.Length];
            byte[] damaged = mutator.Mutate(datagram);
            // Readers of payloads get whole datagrams too, and payloads at every offset of a header.
            byte[] bytes = (i & 1) == 0 ? damaged : damaged[Math.Min(16, damaged.Length)..];
            foreach ((string name, Readers.Read read) in Readers.All)
            {
                try
                {
                    read(guarded.Place(bytes));
                }
                catch (MalformedMessageException)
                {
                    rejected++;
                }
                catch (Exception other)
                {
                    Assert.Fail($"{name} threw {other.GetType().Name} ({other.Message}) on {fixture}, seed {Seed}: {Convert.ToHexString(bytes)}");
                }
            }
        }

        WriteLine($"{Mutations} mutations of {Fixtures.All.Length} replies to {Readers.All.Count} readers: {rejected} rejected, no other exception");
        // Mutations without an effect would test nothing.
        Assert.InRange(rejected, Mutations, int.MaxValue);
    }

    [Fact]
    public void Dump_of_damaged_bytes_ends_and_counts_only_the_valid_beginning()
    {
        Mutator mutator = new(Seed + 1);
        SocketQuery query = new(TcpStates.Established, 8500);
        int failed = 0;
        for (int i = 0; i < Mutations; i++)
        {
            (string fixture, byte[] original) = Fixtures.All[i % Fixtures.All.Length];
            byte[] datagram = mutator.Mutate(original);
            // No reply follows this datagram.
            ScriptedKernel kernel = new ScriptedKernel().Reply(_ => datagram).FailForEver(11);
            using SockDiagClient client = new(() => kernel, TimeProvider.System);
            List<ulong> brought = [];
            try
            {
                foreach (InetSocket socket in client.Dump(query))
                {
                    brought.Add(socket.Cookie);
                }
            }
            catch (Exception expected) when (expected is NetlinkException or MalformedMessageException)
            {
                failed++;
            }
            catch (Exception other)
            {
                Assert.Fail($"{other.GetType().Name} ({other.Message}) on {fixture}, seed {Seed}: {Convert.ToHexString(datagram)}");
            }

            Assert.Equal(ValidBeginning(datagram), brought);
            Assert.InRange(kernel.Receptions, 0, 2);
        }

        WriteLine($"{Mutations} dumps of mutated replies: {failed} failed, and each returned exactly the sockets of its valid beginning");
        Assert.InRange(failed, Mutations / 2, Mutations);
    }

    /// <summary>
    /// The sockets that a dump may return from a datagram, read in the simplest way: complete sockets with the right address, up to the first other
    /// message; each cookie once.
    /// </summary>
    private static List<ulong> ValidBeginning(ReadOnlySpan<byte> datagram)
    {
        List<ulong> cookies = [];
        HashSet<ulong> seen = [];
        int at = 0;
        while (datagram.Length - at >= 16)
        {
            long length = BinaryPrimitives.ReadUInt32LittleEndian(datagram[at..]);
            int type = BinaryPrimitives.ReadUInt16LittleEndian(datagram[(at + 4)..]);
            int flags = BinaryPrimitives.ReadUInt16LittleEndian(datagram[(at + 6)..]);
            bool addressed = BinaryPrimitives.ReadUInt32LittleEndian(datagram[(at + 8)..]) == 1
                && BinaryPrimitives.ReadUInt32LittleEndian(datagram[(at + 12)..]) == ScriptedKernel.OwnPortId;
            if (length < 16 || length > datagram.Length - at || !addressed || (flags & Replies.DumpInterrupted) != 0)
            {
                break;
            }

            bool passedOver = type == 1 || (type == 2 && length >= 36 && IsAcknowledgement(datagram.Slice(at, (int)length), flags));
            if (!passedOver)
            {
                if (type != Replies.Legacy || length < 16 + 72 || datagram[at + 16] is not (2 or 10))
                {
                    break;
                }

                ulong cookie = BinaryPrimitives.ReadUInt64LittleEndian(datagram[(at + 16 + 44)..]);
                if (cookie == 0 || seen.Add(cookie))
                {
                    cookies.Add(cookie);
                }
            }

            at = (int)Math.Min(datagram.Length, at + ((length + 3) & ~3));
        }

        return cookies;
    }

    /// <summary>Whether the message is NLMSG_ERROR with the errno 0 and, if its flags announce attributes, well-formed attributes.</summary>
    private static bool IsAcknowledgement(ReadOnlySpan<byte> message, int flags)
    {
        if (BinaryPrimitives.ReadInt32LittleEndian(message[16..]) != 0)
        {
            return false;
        }

        if ((flags & Replies.HasAttributes) == 0)
        {
            return true;
        }

        long skip = 0;
        if ((flags & Replies.Capped) == 0)
        {
            skip = BinaryPrimitives.ReadUInt32LittleEndian(message[20..]) - 16L;
            if (skip < 0 || skip > message.Length - 36)
            {
                return false;
            }
        }

        ReadOnlySpan<byte> attributes = message[(int)Math.Min(message.Length, 36 + ((skip + 3) & ~3))..];
        while (!attributes.IsEmpty)
        {
            int length = attributes.Length < 4 ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(attributes);
            if (length < 4 || length > attributes.Length)
            {
                return false;
            }

            attributes = attributes[Math.Min(attributes.Length, (length + 3) & ~3)..];
        }

        return true;
    }

    private static void WriteLine(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out int number) ? number : otherwise;
}
