using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.Linux.Seccomp;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Jails;

/// <summary>Runs the compiled filter on a small machine of its own, as the kernel would.</summary>
public class SeccompFilterTests
{
    private const uint X64 = 0xc000003e;
    private const uint I386 = 0x40000003;
    private const uint Arm64 = 0xc00000b7;
    private const uint X32Bit = 0x40000000;

    private static readonly uint Forbidden = SeccompFilter.Error(1);
    private static readonly uint Unknown = SeccompFilter.Error(38);

    [Theory]
    [InlineData(X64)]
    [InlineData(I386)]
    public void Each_number_gets_the_answer_that_the_list_gives_it(uint architecture)
    {
        uint? NumberOf(SystemCall call) => architecture == X64 ? call.X64 : call.I386;
        SystemCall[] conditional = [SeccompProfile.Socket, SeccompProfile.Personality, SeccompProfile.Clone, SeccompProfile.Clone3];
        var allowed = SeccompProfile.Allowed.Select(NumberOf).OfType<uint>().ToHashSet();
        var skipped = conditional.Select(NumberOf).OfType<uint>().ToHashSet();

        var newest = Math.Max(allowed.Max(), skipped.Max());
        for (var number = 0u; number <= newest + 100; number++)
        {
            if (!skipped.Contains(number))
            {
                var expected = allowed.Contains(number) ? SeccompFilter.Allow : number <= newest ? Forbidden : Unknown;
                Assert.True(expected == Answer(architecture, number), $"system call {number} of {architecture:x}");
            }
        }
    }

    [Theory]
    [InlineData(X64, 41u, 120u)]
    [InlineData(I386, 359u, 136u)]
    public void Sockets_and_personalities_depend_on_their_argument(uint architecture, uint socket, uint otherCall)
    {
        var personality = architecture == X64 ? 135u : otherCall;

        Assert.Equal(SeccompFilter.Allow, Answer(architecture, socket, 2));
        Assert.Equal(SeccompFilter.Allow, Answer(architecture, socket, 39));
        Assert.Equal(SeccompFilter.Allow, Answer(architecture, socket, 44));
        Assert.Equal(Forbidden, Answer(architecture, socket, 38));
        Assert.Equal(Forbidden, Answer(architecture, socket, 40));
        Assert.Equal(SeccompFilter.Allow, Answer(architecture, personality, 0xffffffff));
        Assert.Equal(SeccompFilter.Allow, Answer(architecture, personality, 0x20008));
        Assert.Equal(Forbidden, Answer(architecture, personality, 0x400000));
    }

    [Theory]
    [InlineData(X64, 56u)]
    [InlineData(I386, 120u)]
    public void A_process_may_be_made_but_not_a_namespace(uint architecture, uint clone)
    {
        const uint Vfork = 0x4111;
        const uint NewUser = 0x10000000;
        const uint NewNet = 0x40000000;

        Assert.Equal(SeccompFilter.Allow, Answer(architecture, clone, Vfork));
        Assert.Equal(Forbidden, Answer(architecture, clone, Vfork | NewUser));
        Assert.Equal(Forbidden, Answer(architecture, clone, NewNet));
        Assert.Equal(Unknown, Answer(architecture, 435));
    }

    [Theory]
    [InlineData("read", 0u, 3u)]
    [InlineData("execve", 59u, 11u)]
    [InlineData("openat2", 437u, 437u)]
    [InlineData("exit_group", 231u, 252u)]
    public void Well_known_numbers_stand_in_the_list(string name, uint x64, uint i386)
    {
        var call = Assert.Single(SeccompProfile.Allowed, call => call.Name == name);

        Assert.Equal((x64, i386), (call.X64!.Value, call.I386!.Value));
    }

    [Theory]
    [InlineData("mount")]
    [InlineData("umount2")]
    [InlineData("unshare")]
    [InlineData("setns")]
    [InlineData("bpf")]
    [InlineData("keyctl")]
    [InlineData("io_uring_setup")]
    [InlineData("kexec_load")]
    [InlineData("init_module")]
    [InlineData("reboot")]
    [InlineData("swapon")]
    [InlineData("open_by_handle_at")]
    public void What_reaches_beyond_a_jail_does_not(string name) =>
        Assert.DoesNotContain(SeccompProfile.Allowed, call => call.Name == name);

    [Theory]
    [InlineData(X64)]
    [InlineData(I386)]
    public void What_a_capability_is_for_is_allowed_with_it_and_only_then(uint architecture)
    {
        var all = GrantedCalls.Of(JailGrants.Capabilities.Select(name => $"CAP_{name}"));
        foreach (var name in JailGrants.Capabilities)
        {
            var granted = GrantedCalls.Of([$"CAP_{name}"]);
            foreach (var call in all.Where(call => call.Name != SeccompProfile.Clone3.Name))
            {
                if ((architecture == X64 ? call.X64 : call.I386) is { } number)
                {
                    Assert.Equal((call.Name, granted.Any(own => own.Name == call.Name)), (call.Name, Answer(architecture, number, granted: granted) == SeccompFilter.Allow));
                }
            }
        }

        Assert.Equal(SeccompFilter.Allow, Answer(architecture, architecture == X64 ? 56u : 120u, 0x10000000, GrantedCalls.Of(["CAP_SYS_ADMIN"])));
        Assert.Equal(SeccompFilter.Allow, Answer(architecture, 435, granted: GrantedCalls.Of(["CAP_SYS_ADMIN"])));
    }

    [Fact]
    public void Other_architectures_and_x32_have_no_system_calls()
    {
        Assert.Equal(Unknown, Answer(Arm64, 63));
        Assert.Equal(Unknown, Answer(X64, X32Bit | 1));
    }

    private static uint Answer(uint architecture, uint number, uint argument = 0, ImmutableArray<SystemCall> granted = default)
    {
        var program = SeccompFilter.For(Architecture.X64, granted).Program;
        var call = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(call, number);
        BinaryPrimitives.WriteUInt32LittleEndian(call.AsSpan(4), architecture);
        BinaryPrimitives.WriteUInt32LittleEndian(call.AsSpan(16), argument);
        uint accumulator = 0;
        for (var at = 0; ; at++)
        {
            var instruction = program.AsSpan(at * 8, 8);
            var value = BinaryPrimitives.ReadUInt32LittleEndian(instruction[4..]);
            var code = BinaryPrimitives.ReadUInt16LittleEndian(instruction);
            switch (code)
            {
                case 0x20:
                    accumulator = BinaryPrimitives.ReadUInt32LittleEndian(call.AsSpan((int)value));
                    break;
                case 0x54:
                    accumulator &= value;
                    break;
                case 0x05:
                    at += (int)value;
                    break;
                case 0x15:
                    at += accumulator == value ? instruction[2] : instruction[3];
                    break;
                case 0x35:
                    at += accumulator >= value ? instruction[2] : instruction[3];
                    break;
                case 0x06:
                    return value;
                default:
                    throw new InvalidOperationException($"no instruction 0x{code:x}");
            }
        }
    }
}
