using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Jails.Linux.Launching;

/// <summary>
/// Which devices a control group of version 2 may open, as a program that the kernel asks (bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE): those of
/// <see cref="OciResources.Devices"/>. Making a node is harmless where it cannot be opened.
/// </summary>
internal sealed unsafe partial class DeviceFilter : IDisposable
{
    private const long SystemCall = 321;
    private const int Load = 5;
    private const int Attach = 8;
    private const uint DevicePrograms = 15;
    private const uint DeviceChecks = 6;

    /// <summary>Beside those of the groups above: all of them have to agree.</summary>
    private const uint AllowOthers = 2;
    private const int AttributeBytes = 128;

    // linux/bpf.h: what an instruction does.
    private const byte LoadField = 0x61;
    private const byte MoveRegister = 0xbf;
    private const byte MoveNumber = 0xb7;
    private const byte ShiftRight = 0x77;
    private const byte And = 0x57;
    private const byte JumpIfEqual = 0x15;
    private const byte JumpIfNotEqual = 0x55;
    private const byte Exit = 0x95;

    // struct bpf_cgroup_dev_ctx, whose address is in the first register: the access above the kind, and both numbers.
    private const short AccessOffset = 0;
    private const short MajorOffset = 4;
    private const short MinorOffset = 8;
    private const int AccessShift = 16;
    private const int MakeOnly = 1;
    private const int KindMask = 0xffff;
    private const int CharacterDevice = 2;

    private readonly SafeFileHandle program;

    private DeviceFilter(SafeFileHandle program) => this.program = program;

    /// <summary>Null where the kernel has no such programs, or does not let us use them.</summary>
    public static DeviceFilter? TryLoad()
    {
        var code = Compile();
        fixed (byte* instructions = code, license = "MIT\0"u8)
        {
            var attributes = stackalloc byte[AttributeBytes];
            new Span<byte>(attributes, AttributeBytes).Clear();
            ((uint*)attributes)[0] = DevicePrograms;
            ((uint*)attributes)[1] = (uint)(code.Length / sizeof(ulong));
            ((ulong*)attributes)[1] = (ulong)instructions;
            ((ulong*)attributes)[2] = (ulong)license;
            var descriptor = bpf(SystemCall, Load, attributes, AttributeBytes);
            return descriptor < 0 ? null : new DeviceFilter(new SafeFileHandle((nint)descriptor, ownsHandle: true));
        }
    }

    /// <summary>False where the group cannot have one.</summary>
    /// <param name="group">Its directory.</param>
    public bool TryAttach(string group)
    {
        using var directory = NativeMethods.open(group, NativeMethods.O_RDONLY | NativeMethods.O_CLOEXEC, 0);
        if (directory.IsInvalid)
        {
            return false;
        }

        var attributes = stackalloc byte[AttributeBytes];
        new Span<byte>(attributes, AttributeBytes).Clear();
        ((uint*)attributes)[0] = (uint)directory.DangerousGetHandle();
        ((uint*)attributes)[1] = (uint)program.DangerousGetHandle();
        ((uint*)attributes)[2] = DeviceChecks;
        ((uint*)attributes)[3] = AllowOthers;
        return bpf(SystemCall, Attach, attributes, AttributeBytes) == 0;
    }

    public void Dispose() => program.Dispose();

    /// <summary>Struct bpf_insn: code, registers, jump, number.</summary>
    internal static byte[] Compile()
    {
        // Registers: 0 the answer, 1 where the question is, 2 the access, 3 the kind, 4 the major number, 5 the minor.
        List<(byte Code, int To, int From, short Offset, int Number)> code =
        [
            (LoadField, 2, 1, AccessOffset, 0),
            (MoveRegister, 3, 2, 0, 0),
            (ShiftRight, 2, 0, 0, AccessShift),
            (And, 3, 0, 0, KindMask),
            (LoadField, 4, 1, MajorOffset, 0),
            (LoadField, 5, 1, MinorOffset, 0),
            (MoveNumber, 0, 0, 0, 1),
            (JumpIfNotEqual, 2, 0, 1, MakeOnly),
            (Exit, 0, 0, 0, 0),
            (JumpIfEqual, 3, 0, 2, CharacterDevice),
            (MoveNumber, 0, 0, 0, 0),
            (Exit, 0, 0, 0, 0),
        ];
        foreach (var (major, minor) in OciResources.Devices)
        {
            code.Add((JumpIfNotEqual, 4, 0, (short)(minor is null ? 1 : 2), major));
            if (minor is { } number)
            {
                code.Add((JumpIfNotEqual, 5, 0, 1, number));
            }

            code.Add((Exit, 0, 0, 0, 0));
        }

        code.Add((MoveNumber, 0, 0, 0, 0));
        code.Add((Exit, 0, 0, 0, 0));
        var bytes = new byte[code.Count * sizeof(ulong)];
        for (var i = 0; i < code.Count; i++)
        {
            var place = bytes.AsSpan(i * sizeof(ulong), sizeof(ulong));
            place[0] = code[i].Code;
            place[1] = (byte)(code[i].To | code[i].From << 4);
            BinaryPrimitives.WriteInt16LittleEndian(place[2..], code[i].Offset);
            BinaryPrimitives.WriteInt32LittleEndian(place[4..], code[i].Number);
        }

        return bytes;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long bpf(long number, int command, byte* attributes, uint size);
}
