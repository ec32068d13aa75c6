using System.ComponentModel;
using System.Runtime.InteropServices;
using static Testing.NativeMethods;

namespace Testing;

/// <summary>Memory followed by an inaccessible page: reading one byte too many ends the test run with a segmentation fault.</summary>
internal sealed unsafe class GuardedBuffer : IDisposable
{
    private readonly nint _start;
    private readonly int _length;

    /// <param name="capacity">The maximum number of bytes.</param>
    internal GuardedBuffer(int capacity)
    {
        int page = Environment.SystemPageSize;
        _length = (capacity + page - 1) / page * page;
        _start = mmap(0, (nuint)(_length + page), PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
        if (_start == -1 || mprotect(_start + _length, (nuint)page, PROT_NONE) < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Copies the bytes to the end of the memory, just before the inaccessible page.</summary>
    internal ReadOnlySpan<byte> Place(ReadOnlySpan<byte> bytes)
    {
        Span<byte> place = new((byte*)_start + _length - bytes.Length, bytes.Length);
        bytes.CopyTo(place);
        return place;
    }

    public void Dispose() => munmap(_start, (nuint)(_length + Environment.SystemPageSize));
}
