using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Networks.Linux;

/// <summary>Questions to one part of the kernel, answered before the next is asked. It stays with the network stack in which it was opened.</summary>
internal sealed unsafe class NetlinkSocket : IDisposable
{
    public const int Route = 0;
    public const int Netfilter = 12;

    private const ushort ErrorType = 2;
    private const ushort DoneType = 3;
    private const int HeaderSize = 16;

    private readonly SafeFileHandle socket;
    private readonly Lock gate = new();
    private readonly byte[] answer = GC.AllocateUninitializedArray<byte>(64 * 1024);
    private uint sequence;

    private NetlinkSocket(SafeFileHandle socket) => this.socket = socket;

    /// <summary>Opens one in the network stack of the calling thread.</summary>
    public static NetlinkSocket Open(int protocol)
    {
        var descriptor = NativeMethods.socket(NativeMethods.AF_NETLINK, NativeMethods.SOCK_RAW | NativeMethods.SOCK_CLOEXEC, protocol);
        if (descriptor < 0)
        {
            throw Errno.LastException("socket(AF_NETLINK)");
        }

        var socket = new SafeFileHandle(descriptor, ownsHandle: true);
        var address = new NativeMethods.NetlinkAddress { Family = NativeMethods.AF_NETLINK };
        if (NativeMethods.bind(descriptor, &address, (uint)sizeof(NativeMethods.NetlinkAddress)) != 0)
        {
            socket.Dispose();
            throw Errno.LastException("bind(AF_NETLINK)");
        }

        return new NetlinkSocket(socket);
    }

    /// <summary>Asks, and gives what was answered, without headers; with a question for a list, all of it.</summary>
    /// <returns>The error number; 0 is success.</returns>
    public int Ask(NetlinkMessage message, List<byte[]>? answers = null)
    {
        lock (gate)
        {
            Send(message.Finish(++sequence));
            while (true)
            {
                var length = Receive();
                for (var at = 0; at + HeaderSize <= length;)
                {
                    var size = (int)MemoryMarshal.Read<uint>(answer.AsSpan(at));
                    var type = MemoryMarshal.Read<ushort>(answer.AsSpan(at + 4));
                    var number = MemoryMarshal.Read<uint>(answer.AsSpan(at + 8));
                    if (size < HeaderSize || at + size > length)
                    {
                        throw new IOException("the kernel's answer is cut off");
                    }

                    if (number == sequence)
                    {
                        switch (type)
                        {
                            case ErrorType:
                                return -MemoryMarshal.Read<int>(answer.AsSpan(at + HeaderSize));
                            case DoneType:
                                return 0;
                            default:
                                answers?.Add(answer[(at + HeaderSize)..(at + size)]);
                                break;
                        }
                    }

                    at += (size + 3) & ~3;
                }
            }
        }
    }

    public void Dispose() => socket.Dispose();

    private void Send(ReadOnlySpan<byte> message)
    {
        fixed (byte* bytes = message)
        {
            if (NativeMethods.send(socket, bytes, (nuint)message.Length, 0) != message.Length)
            {
                throw Errno.LastException("send(AF_NETLINK)");
            }
        }
    }

    private int Receive()
    {
        fixed (byte* bytes = answer)
        {
            nint length;
            while ((length = NativeMethods.recv(socket, bytes, (nuint)answer.Length, 0)) < 0)
            {
                if (Errno.Last != Errno.EINTR)
                {
                    throw Errno.LastException("recv(AF_NETLINK)");
                }
            }

            return (int)length;
        }
    }
}
