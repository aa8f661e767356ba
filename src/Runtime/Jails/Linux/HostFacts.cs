using System.Globalization;
using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>How the host's control groups are mounted (cgroups(7)).</summary>
internal enum CgroupLayout
{
    /// <summary>A hierarchy for each controller, or none at all.</summary>
    Separate,

    /// <summary>A hierarchy for each controller, and beside them a version 2 tree with what is left.</summary>
    Hybrid,

    /// <summary>One version 2 tree.</summary>
    Unified,
}

/// <summary>What of the host decides how a jail is written down.</summary>
internal sealed record HostFacts
{
    public const string HybridTree = "/sys/fs/cgroup/unified";

    /// <summary>The bounding set, a bit for each capability: no process of ours can be given more.</summary>
    public required ulong BoundingCapabilities { get; init; }

    /// <summary>The hard limit of open files: raising it needs CAP_SYS_RESOURCE, which root of a container may lack.</summary>
    public required ulong OpenFiles { get; init; }

    public required CgroupLayout Cgroups { get; init; }

    /// <summary>Whether swap can be limited: a kernel option on version 1.</summary>
    public required bool CountsSwap { get; init; }

    public required Architecture Architecture { get; init; }

    public static HostFacts Read()
    {
        var layout = LayoutOf(File.ReadLines("/proc/self/mountinfo"));
        return new HostFacts
        {
            BoundingCapabilities = BoundingSetOf(File.ReadLines("/proc/self/status")),
            OpenFiles = NativeMethods.getrlimit(NativeMethods.RLIMIT_NOFILE, out var limit) == 0 ? limit.Hard : 1024,
            Cgroups = layout,
            CountsSwap = layout == CgroupLayout.Unified || File.Exists("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"),
            Architecture = RuntimeInformation.OSArchitecture,
        };
    }

    /// <summary>Reads <c>/proc/self/mountinfo</c> (proc(5)): the mount point is the fifth field, the type the first after the hyphen.</summary>
    public static CgroupLayout LayoutOf(IEnumerable<string> mountInfo)
    {
        var layout = CgroupLayout.Separate;
        foreach (var line in mountInfo)
        {
            var fields = line.Split(' ');
            var separator = Array.IndexOf(fields, "-");
            if (separator < 0 || separator + 1 >= fields.Length || fields[separator + 1] != "cgroup2")
            {
                continue;
            }

            switch (fields[4])
            {
                case "/sys/fs/cgroup":
                    layout = CgroupLayout.Unified;
                    break;
                case HybridTree when layout != CgroupLayout.Unified:
                    layout = CgroupLayout.Hybrid;
                    break;
            }
        }

        return layout;
    }

    /// <summary>Reads the <c>CapBnd</c> line of <c>/proc/self/status</c>.</summary>
    public static ulong BoundingSetOf(IEnumerable<string> status)
    {
        const string Label = "CapBnd:";
        var line = status.FirstOrDefault(line => line.StartsWith(Label, StringComparison.Ordinal));
        return line is null ? 0 : ulong.Parse(line.AsSpan(Label.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
