using System.Net.Sockets;
using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Processes;
using Calls = Kleene.Build.Runtime.Processes.NativeMethods;

namespace Kleene.Build.Runtime.Jails;

/// <summary>
/// Copies between a jail's socket and our standard streams, in one poll(2) loop, until the jail has said all or the user leaves. What a jail does
/// not read yet is held, and never waited for: a jail such as cat(1) reads on only when somebody takes what it writes.
/// </summary>
internal sealed unsafe class ConsoleCopy(Socket socket, ConsoleRequest request, WakePipe wake)
{
    /// <summary>The most that a supervisor puts into a packet, and the byte that says of which stream it is.</summary>
    private const int PacketBytes = 8192 + 1;

    private const byte ErrorStream = 3;

    /// <summary>Only a terminal has keys; in a file the same bytes mean nothing.</summary>
    private readonly DetachKeyFilter keys = new(request.Terminal ? request.DetachKeys : []);

    /// <summary>What was typed and the socket has not taken yet.</summary>
    private readonly List<byte> held = new(PacketBytes);

    public ConsoleEnd Run()
    {
        var buffer = stackalloc byte[PacketBytes];
        var descriptors = stackalloc Calls.PollDescriptor[3];
        var input = request.Input ? 0 : -1;
        while (true)
        {
            var isHeld = held.Count > 0;
            descriptors[0] = new() { Descriptor = (int)socket.Handle, Events = isHeld ? (short)(Calls.POLLIN | Calls.POLLOUT) : Calls.POLLIN };
            descriptors[1] = new() { Descriptor = isHeld ? -1 : input, Events = Calls.POLLIN };
            descriptors[2] = new() { Descriptor = wake.Descriptor, Events = Calls.POLLIN };
            if (Calls.poll(descriptors, 3, -1) < 0)
            {
                if (Errno.Last == Errno.EINTR)
                {
                    continue;
                }

                throw Errno.LastException("poll");
            }

            if (descriptors[2].Returned != 0)
            {
                return ConsoleEnd.Detached;
            }

            if ((descriptors[0].Returned & ~Calls.POLLOUT) != 0 && !PassOutput(buffer))
            {
                return ConsoleEnd.Ended;
            }

            if ((descriptors[0].Returned & Calls.POLLOUT) != 0)
            {
                PassHeld();
            }

            if (descriptors[1].Returned != 0)
            {
                switch (PassInput(buffer))
                {
                    case InputEnd.UserLeft:
                        return ConsoleEnd.Detached;
                    case InputEnd.NoMore:
                        input = -1;
                        break;
                    case InputEnd.Open:
                        break;
                }
            }
        }
    }

    private enum InputEnd
    {
        Open,
        NoMore,
        UserLeft,
    }

    /// <summary>False at the end.</summary>
    private bool PassOutput(byte* buffer)
    {
        var count = Calls.read((int)socket.Handle, buffer, PacketBytes);
        if (count <= 0)
        {
            return count < 0 && Errno.Last == Errno.EINTR;
        }

        return Write(*buffer == ErrorStream ? 2 : 1, buffer + 1, count - 1);
    }

    private InputEnd PassInput(byte* buffer)
    {
        var count = Calls.read(0, buffer, PacketBytes - 1);
        if (count < 0 && Errno.Last == Errno.EINTR)
        {
            return InputEnd.Open;
        }

        if (count <= 0)
        {
            socket.Shutdown(SocketShutdown.Send);
            return InputEnd.NoMore;
        }

        var left = keys.Read(new ReadOnlySpan<byte>(buffer, (int)count), held);
        PassHeld();
        return left ? InputEnd.UserLeft : InputEnd.Open;
    }

    private void PassHeld()
    {
        if (held.Count == 0)
        {
            return;
        }

        fixed (byte* bytes = CollectionsMarshal.AsSpan(held))
        {
            // A packet goes as a whole or not at all (unix(7)). A jail that ended meanwhile has no use for it; its end is read in the next round.
            if (Calls.send((int)socket.Handle, bytes, (nuint)held.Count, Calls.MSG_DONTWAIT | Calls.MSG_NOSIGNAL) < 0 && (Errno.Last == Errno.EAGAIN || Errno.Last == Errno.EINTR))
            {
                return;
            }
        }

        held.Clear();
    }

    /// <summary>False when nobody reads any more.</summary>
    private static bool Write(int descriptor, byte* bytes, nint count)
    {
        while (count > 0)
        {
            var written = Calls.write(descriptor, bytes, (nuint)count);
            if (written < 0 && Errno.Last != Errno.EINTR)
            {
                return false;
            }

            written = Math.Max(written, 0);
            bytes += written;
            count -= written;
        }

        return true;
    }
}
