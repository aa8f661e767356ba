using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Processes;

/// <summary>Something that poll(2) waits for and any thread can set, any number of times: a pipe of which a byte is written.</summary>
internal sealed unsafe class WakePipe : IDisposable
{
    private readonly int write;

    public WakePipe()
    {
        // Both ends are closed on exec.
        var ends = stackalloc int[2];
        if (NativeMethods.pipe2(ends, NativeMethods.O_CLOEXEC) != 0)
        {
            throw Errno.LastException("pipe");
        }

        (Descriptor, write) = (ends[0], ends[1]);
    }

    /// <summary>What becomes readable.</summary>
    public int Descriptor { get; }

    public void Set()
    {
        byte one = 1;
        _ = NativeMethods.write(write, &one, 1);
    }

    /// <summary>Makes it unreadable again.</summary>
    public void Clear(byte* buffer, int size) => _ = NativeMethods.read(Descriptor, buffer, (nuint)size);

    public void Dispose()
    {
        _ = NativeMethods.close(Descriptor);
        _ = NativeMethods.close(write);
    }
}
