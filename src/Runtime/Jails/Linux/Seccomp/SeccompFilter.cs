using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Jails.Linux.Seccomp;

/// <summary>
/// <see cref="SeccompProfile"/> as a program for the kernel's classic BPF machine (seccomp(2), linux/filter.h). It finds a call by
/// bisection, so it is short: compiling the same list by libseccomp takes longer than all the rest of a jail's start.
/// </summary>
internal sealed class SeccompFilter
{
    public const uint Allow = 0x7fff0000;

    private const uint ErrorAction = 0x00050000;

    // Where struct seccomp_data has the call's number, the architecture and the lower half of the first argument.
    private const uint NumberOffset = 0;
    private const uint ArchitectureOffset = 4;
    private const uint ArgumentOffset = 16;

    // linux/audit.h
    private const uint AuditX64 = 0xc000003e;
    private const uint AuditI386 = 0x40000003;

    // linux/bpf_common.h
    private const ushort LoadWord = 0x20;
    private const ushort JumpAlways = 0x05;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfGreaterOrEqual = 0x35;
    private const ushort And = 0x54;
    private const ushort Return = 0x06;

    private static readonly Lazy<SeccompFilter> X64 = new(() => new SeccompFilter([]));

    private SeccompFilter(ImmutableArray<SystemCall> granted)
    {
        var forX64 = Calls(granted, call => call.X64);
        var forI386 = Calls(granted, call => call.I386);
        Program = ToBytes(
        [
            new(LoadWord, ArchitectureOffset),
            new(JumpIfEqual, AuditX64, IfTrue: 3, IfFalse: 0),
            new(JumpIfEqual, AuditI386, IfTrue: 1, IfFalse: 0),
            Result(Error(SeccompProfile.ENOSYS)),
            new(JumpAlways, (uint)forX64.Count),
            .. forX64,
            .. forI386,
        ]);
        Base64 = Convert.ToBase64String(Program);
    }

    /// <summary>An array of <c>struct sock_filter</c>.</summary>
    public byte[] Program { get; }

    public string Base64 { get; }

    public static bool Supports(Architecture architecture) => architecture == Architecture.X64;

    /// <param name="granted">What is allowed beyond the usual.</param>
    public static SeccompFilter For(Architecture architecture, ImmutableArray<SystemCall> granted = default) =>
        Supports(architecture)
            ? granted.IsDefaultOrEmpty ? X64.Value : new SeccompFilter(granted)
            : throw new ArgumentOutOfRangeException(nameof(architecture), architecture, "there is no table of its system calls");

    public static uint Error(int errno) => ErrorAction | (uint)errno;

    private static List<Instruction> Calls(ImmutableArray<SystemCall> granted, Func<SystemCall, uint?> numberOf)
    {
        var rules = new SortedDictionary<uint, Instruction[]>();
        foreach (var call in SeccompProfile.Allowed.Concat(granted).Where(call => call.Name != SeccompProfile.Clone3.Name))
        {
            Add(call, [Result(Allow)]);
        }

        Add(SeccompProfile.Socket, Equals(SeccompProfile.ForbiddenSocketFamilies.AsSpan(), Error(SeccompProfile.EPERM), Allow));
        Add(SeccompProfile.Personality, Equals(SeccompProfile.AllowedPersonalities.AsSpan(), Allow, Error(SeccompProfile.EPERM)));
        if (SeccompProfile.MakesNamespaces(granted))
        {
            Add(SeccompProfile.Clone, [Result(Allow)]);
            Add(SeccompProfile.Clone3, [Result(Allow)]);
            return [new(LoadWord, NumberOffset), .. Bisect(Segments(rules))];
        }

        Add(SeccompProfile.Clone, [new(LoadWord, ArgumentOffset), new(And, SeccompProfile.NamespaceFlags), new(JumpIfEqual, 0, 0, 1), Result(Allow), Result(Error(SeccompProfile.EPERM))]);
        Add(SeccompProfile.Clone3, [Result(Error(SeccompProfile.ENOSYS))]);
        return [new(LoadWord, NumberOffset), .. Bisect(Segments(rules))];

        void Add(SystemCall call, Instruction[] body)
        {
            if (numberOf(call) is { } number)
            {
                rules.Add(number, body);
            }
        }
    }

    /// <summary>
    /// Divides all numbers into runs with one answer. Calls newer than the list do not exist in a jail (ENOSYS), so that programs
    /// which try the newest first fall back; those that were left out are forbidden (EPERM).
    /// </summary>
    private static List<Segment> Segments(SortedDictionary<uint, Instruction[]> rules)
    {
        Instruction[] forbidden = [Result(Error(SeccompProfile.EPERM))];
        Instruction[] unknown = [Result(Error(SeccompProfile.ENOSYS))];
        var segments = new List<Segment>();
        var next = 0u;
        foreach (var (number, body) in rules)
        {
            if (number > next)
            {
                Append(next, forbidden);
            }

            Append(number, body);
            next = number + 1;
        }

        Append(next, unknown);
        return segments;

        void Append(uint first, Instruction[] body)
        {
            if (segments.Count == 0 || !segments[^1].Body.AsSpan().SequenceEqual(body))
            {
                segments.Add(new Segment(first, body));
            }
        }
    }

    private static List<Instruction> Bisect(List<Segment> segments)
    {
        if (segments.Count == 1)
        {
            return [.. segments[0].Body];
        }

        var middle = segments.Count / 2;
        var lower = Bisect(segments[..middle]);
        return [new(JumpIfGreaterOrEqual, segments[middle].First, checked((byte)lower.Count), 0), .. lower, .. Bisect(segments[middle..])];
    }

    /// <summary>Loads the first argument and gives one answer for the listed values, another for all others.</summary>
    private static Instruction[] Equals(ReadOnlySpan<uint> values, uint listed, uint other)
    {
        var code = new List<Instruction> { new(LoadWord, ArgumentOffset) };
        for (var i = 0; i < values.Length; i++)
        {
            code.Add(new(JumpIfEqual, values[i], checked((byte)(values.Length - i)), 0));
        }

        return [.. code, Result(other), Result(listed)];
    }

    private static Instruction Result(uint action) => new(Return, action);

    private static byte[] ToBytes(List<Instruction> code)
    {
        const int Size = 8;
        var bytes = new byte[code.Count * Size];
        for (var i = 0; i < code.Count; i++)
        {
            var place = bytes.AsSpan(i * Size, Size);
            BinaryPrimitives.WriteUInt16LittleEndian(place, code[i].Code);
            place[2] = code[i].IfTrue;
            place[3] = code[i].IfFalse;
            BinaryPrimitives.WriteUInt32LittleEndian(place[4..], code[i].Value);
        }

        return bytes;
    }

    private sealed record Segment(uint First, Instruction[] Body);

    private readonly record struct Instruction(ushort Code, uint Value, byte IfTrue = 0, byte IfFalse = 0);
}
