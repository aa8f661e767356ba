using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Kleene.Build.Runtime.Jails;

/// <summary>What the beginning of a binary says about how to run it (elf(5)).</summary>
internal static class ElfHeader
{
    private const int HeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const int Class64 = 2;
    private const int LittleEndian = 1;
    private const uint InterpreterType = 3;

    private const ushort I386 = 3;
    private const ushort Arm = 40;
    private const ushort X64 = 62;
    private const ushort Arm64 = 183;

    /// <summary>Whether this machine's processor may run it: its own kind of code, or the 32-bit kind that it also knows.</summary>
    public static bool IsNative(ReadOnlySpan<byte> head)
    {
        const int MachineOffset = 18;
        if (head.Length < MachineOffset + sizeof(ushort))
        {
            return false;
        }

        var machine = BinaryPrimitives.ReadUInt16LittleEndian(head[MachineOffset..]);
        return RuntimeInformation.OSArchitecture switch
        {
            Architecture.X64 => machine is X64 or I386,
            Architecture.Arm64 => machine is Arm64 or Arm,
            _ => true,
        };
    }

    /// <summary>The loader that a dynamic binary asks for (PT_INTERP). Null: a static binary, or one whose header is elsewhere.</summary>
    public static string? Interpreter(ReadOnlySpan<byte> head)
    {
        if (head.Length < HeaderSize || head[4] != Class64 || head[5] != LittleEndian)
        {
            return null;
        }

        var offset = BinaryPrimitives.ReadUInt64LittleEndian(head[32..]);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(head[56..]);
        for (var i = 0; i < count && Fits(head, offset, ProgramHeaderSize); i++, offset += ProgramHeaderSize)
        {
            var header = head.Slice((int)offset, ProgramHeaderSize);
            var (start, size) = (BinaryPrimitives.ReadUInt64LittleEndian(header[8..]), BinaryPrimitives.ReadUInt64LittleEndian(header[32..]));
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) == InterpreterType && size > 1 && Fits(head, start, size))
            {
                return Encoding.UTF8.GetString(head.Slice((int)start, (int)size - 1));
            }
        }

        return null;
    }

    private static bool Fits(ReadOnlySpan<byte> head, ulong start, ulong size) =>
        start <= (ulong)head.Length && size <= (ulong)head.Length - start;
}
