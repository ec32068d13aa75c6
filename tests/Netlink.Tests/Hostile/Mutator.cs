namespace Netlink.Tests.Hostile;

/// <summary>Damages a datagram in one to four ways, the same for the same seed.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly uint[] Telling = [0, 1, 3, 4, 15, 16, 17, 20, 71, 72, 73, 124, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

    private readonly Random _random = new(seed);

    internal byte[] Mutate(byte[] original)
    {
        List<byte> bytes = [.. original];
        for (int damage = _random.Next(1, 5); damage > 0; damage--)
        {
            Damage(bytes, original);
        }

        return [.. bytes];
    }

    private void Damage(List<byte> bytes, byte[] original)
    {
        if (bytes.Count == 0)
        {
            bytes.AddRange(original);
        }

        switch (_random.Next(8))
        {
            case 0: // one bit
                bytes[Anywhere(bytes)] ^= (byte)(1 << _random.Next(8));
                break;
            case 1: // one byte
                bytes[Anywhere(bytes)] = (byte)_random.Next(256);
                break;
            case 2: // truncate
                int keep = Anywhere(bytes);
                bytes.RemoveRange(keep, bytes.Count - keep);
                break;
            case 3: // a hole
                int from = Anywhere(bytes);
                bytes.RemoveRange(from, _random.Next(bytes.Count - from));
                break;
            case 4: // a piece twice
                int start = Anywhere(bytes);
                bytes.InsertRange(Anywhere(bytes), bytes.GetRange(start, _random.Next(Math.Min(200, bytes.Count - start) + 1)));
                break;
            case 5: // 16 bits that mean something
                Write(bytes, BitConverter.GetBytes((ushort)Telling[_random.Next(Telling.Length)]));
                break;
            case 6: // 32 bits that mean something, where a field may be
                Write(bytes, BitConverter.GetBytes(Telling[_random.Next(Telling.Length)]));
                break;
            default: // garbage behind it
                byte[] garbage = new byte[_random.Next(64)];
                _random.NextBytes(garbage);
                bytes.AddRange(garbage);
                break;
        }
    }

    private int Anywhere(List<byte> bytes) => _random.Next(bytes.Count);

    private void Write(List<byte> bytes, byte[] value)
    {
        int at = _random.Next(bytes.Count) & ~1;
        for (int i = 0; i < value.Length && at + i < bytes.Count; i++)
        {
            bytes[at + i] = value[i];
        }
    }
}
