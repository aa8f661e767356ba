using System.Collections.Immutable;

namespace Kleene.Build.Runtime.Jails.Linux.Seccomp;

/// <summary>The system calls that are of use only with a capability, and which come with it: a capability whose calls stay forbidden would be no grant.</summary>
internal static class GrantedCalls
{
    /// <summary>A capability, and lines as in <see cref="AllowedCalls.Table"/>.</summary>
    private static readonly ImmutableDictionary<string, string> Tables = new Dictionary<string, string>
    {
        ["CAP_DAC_READ_SEARCH"] = "open_by_handle_at 304 342",
        ["CAP_SYS_ADMIN"] = """
            bpf 321 357
            clone3 435 435
            fanotify_init 300 338
            fsconfig 431 431
            fsmount 432 432
            fsopen 430 430
            fspick 433 433
            lookup_dcookie 212 253
            mount 165 21
            mount_setattr 442 442
            move_mount 429 429
            open_tree 428 428
            perf_event_open 298 336
            pivot_root 155 217
            quotactl 179 131
            quotactl_fd 443 443
            setdomainname 171 121
            sethostname 170 74
            setns 308 346
            syslog 103 103
            umount - 22
            umount2 166 52
            unshare 272 310
            """,
        ["CAP_SYS_BOOT"] = "reboot 169 88",
        ["CAP_SYS_MODULE"] = """
            delete_module 176 129
            finit_module 313 350
            init_module 175 128
            """,
        ["CAP_SYS_PACCT"] = "acct 163 51",
        ["CAP_SYS_PTRACE"] = """
            kcmp 312 349
            pidfd_getfd 438 438
            process_madvise 440 440
            process_vm_readv 310 347
            process_vm_writev 311 348
            ptrace 101 26
            """,
        ["CAP_SYS_RAWIO"] = """
            ioperm 173 101
            iopl 172 110
            """,
        ["CAP_SYS_TIME"] = """
            clock_settime 227 264
            clock_settime64 - 404
            settimeofday 164 79
            stime - 25
            """,
        ["CAP_SYS_TTY_CONFIG"] = "vhangup 153 111",
        ["CAP_SYS_NICE"] = """
            get_mempolicy 239 275
            mbind 237 274
            set_mempolicy 238 276
            set_mempolicy_home_node 450 450
            """,
        ["CAP_SYSLOG"] = "syslog 103 103",
        ["CAP_BPF"] = "bpf 321 357",
        ["CAP_PERFMON"] = "perf_event_open 298 336",
    }.ToImmutableDictionary(StringComparer.Ordinal);

    /// <summary>Those that are not allowed to everybody, each once.</summary>
    public static ImmutableArray<SystemCall> Of(IEnumerable<string> capabilities)
    {
        var usual = SeccompProfile.Allowed.Select(call => call.Name).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. capabilities.Select(name => Tables.GetValueOrDefault(name)).OfType<string>()
                .SelectMany(table => table.Split('\n')).Select(SystemCall.Parse).Where(call => usual.Add(call.Name)),
        ];
    }
}
