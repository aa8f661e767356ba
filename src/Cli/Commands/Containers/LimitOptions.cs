using System.CommandLine;
using System.Collections.Immutable;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Jails;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>How much of the machine a container may take. Also for <c>update</c>: what is not given stays.</summary>
internal sealed class LimitOptions
{
    /// <summary>Docker's: with less, not even the runtime gets through its own start.</summary>
    private const long LeastMemory = 6 << 20;

    private const long LeastShares = 2;
    private const long MostShares = 262_144;

    private readonly Option<string?> memory = new("--memory") { Description = "upper bound, such as 512m; no swap beside it", HelpName = "BYTES" };
    private readonly Option<string?> reservation = new("--memory-reservation") { Description = "what it is pressed back to when memory is short", HelpName = "BYTES" };
    private readonly Option<string?> swap = new("--memory-swap") { Description = "upper bound of memory and swap together; -1: any swap", HelpName = "BYTES" };
    private readonly Option<double?> cpus = new("--cpus") { Description = "upper bound, such as 1.5", HelpName = "N" };
    private readonly Option<long?> shares = new("--cpu-shares") { Description = "its part when all processors are busy; others have 1024", HelpName = "N" };
    private readonly Option<string?> cpuSet = new("--cpuset-cpus") { Description = "the processors that it may run on", HelpName = "0-2,5" };
    private readonly Option<long?> processes = new("--pids-limit") { Description = "upper bound of processes", HelpName = "N" };
    private readonly TextsOption ulimits = new(UlimitOption.Name) { Description = "a bound of each process, such as nofile=1024", HelpName = "NAME=SOFT[:HARD]" };
    private readonly Option<string[]> readBytes = Rate("--device-read-bps", "bytes a second read from a disk", "PATH:BYTES");
    private readonly Option<string[]> writeBytes = Rate("--device-write-bps", "bytes a second written to a disk", "PATH:BYTES");
    private readonly Option<string[]> readOperations = Rate("--device-read-iops", "reads of a disk in a second", "PATH:N");
    private readonly Option<string[]> writeOperations = Rate("--device-write-iops", "writes to a disk in a second", "PATH:N");
    private readonly Option<string?> sharedMemory = new("--shm-size") { Description = "size of /dev/shm; 64m by default", HelpName = "BYTES" };
    private readonly Option<int?> score = new("--oom-score-adj") { Description = "how soon it is killed when memory is out, -1000 to 1000", HelpName = "N" };

    /// <summary>All of them, for a new container.</summary>
    public void AddTo(Command command)
    {
        AddChangeableTo(command);
        foreach (var option in (Option[])[ulimits, readBytes, writeBytes, readOperations, writeOperations, sharedMemory, score])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Those that can be changed while a container runs.</summary>
    public void AddChangeableTo(Command command)
    {
        foreach (var option in (Option[])[memory, reservation, swap, cpus, shares, cpuSet, processes])
        {
            command.Options.Add(option);
        }
    }

    public ContainerSpec Apply(ContainerSpec spec, Context context) => spec with
    {
        Limits = Change(spec.Limits, context) with
        {
            DeviceRates = [.. Rates(context, readBytes, DeviceRateKind.ReadBytes), .. Rates(context, writeBytes, DeviceRateKind.WriteBytes),
                .. Rates(context, readOperations, DeviceRateKind.ReadOperations), .. Rates(context, writeOperations, DeviceRateKind.WriteOperations)],
            SharedMemoryBytes = OptionValues.Bytes(context.Get(sharedMemory), sharedMemory.Name),
            OutOfMemoryScore = context.Get(score) switch
            {
                null => null,
                >= -1000 and <= 1000 and var number => number,
                _ => throw new UsageException($"{score.Name} has to be from -1000 to 1000"),
            },
        },
        Ulimits = [.. (context.Get(ulimits) ?? []).Select(UlimitOption.Read)],
    };

    /// <summary>The limits with those that are given in place of what they were. Docker's 0 and -1 take a limit away.</summary>
    public JailLimits Change(JailLimits limits, Context context)
    {
        var changed = limits with
        {
            MemoryBytes = Size(context, memory, limits.MemoryBytes),
            MemoryReservationBytes = Size(context, reservation, limits.MemoryReservationBytes),
            MemoryAndSwapBytes = context.Get(swap) == "-1" ? JailLimits.Unlimited : Size(context, swap, limits.MemoryAndSwapBytes),
            Cpus = context.Get(cpus) switch
            {
                null => limits.Cpus,
                0 => null,
                >= 0.01 and < 1_000_000 and var number => number,
                _ => throw new UsageException($"{cpus.Name} has to be a number that is at least 0.01"),
            },
            CpuShares = context.Get(shares) switch
            {
                null => limits.CpuShares,
                0 => null,
                >= LeastShares and <= MostShares and var number => number,
                _ => throw new UsageException($"{shares.Name} has to be from {LeastShares} to {MostShares}"),
            },
            CpuSet = context.Get(cpuSet) is { } list ? Processors(list) : limits.CpuSet,
            Processes = context.Get(processes) switch
            {
                null => limits.Processes,
                <= 0 => null,
                var number => number,
            },
        };
        CheckMemory(changed);
        return changed;
    }

    private void CheckMemory(JailLimits limits)
    {
        if (limits.MemoryBytes < LeastMemory || limits.MemoryReservationBytes < LeastMemory)
        {
            throw new UsageException($"{(limits.MemoryBytes < LeastMemory ? memory : reservation).Name} has to be at least 6m: with less nothing can be started");
        }

        if (limits.MemoryReservationBytes > limits.MemoryBytes)
        {
            throw new UsageException($"{reservation.Name} has to be less than {memory.Name}");
        }

        if (limits.MemoryAndSwapBytes is { } both && (limits.MemoryBytes is not { } bytes || (both != JailLimits.Unlimited && both < bytes)))
        {
            throw new UsageException($"{swap.Name} is memory and swap together: it needs {memory.Name}, and has to be at least as much");
        }
    }

    private static long? Size(Context context, Option<string?> option, long? standing) => context.Get(option) switch
    {
        null => standing,
        "0" or "-1" => null,
        var text => OptionValues.Bytes(text, option.Name),
    };

    private string Processors(string text)
    {
        try
        {
            _ = text.Length == 0 ? [] : CpuList.Parse(text);
            return text;
        }
        catch (FormatException exception)
        {
            throw new UsageException($"{cpuSet.Name} '{text}': {exception.Message}; write numbers and ranges, such as 0-2,5");
        }
    }

    private static Option<string[]> Rate(string name, string description, string form) => new(name) { Description = description, HelpName = form };

    private static IEnumerable<JailDeviceRate> Rates(Context context, Option<string[]> option, DeviceRateKind kind)
    {
        foreach (var text in context.Get(option) ?? [])
        {
            var colon = text.LastIndexOf(':');
            var path = colon < 0 ? "" : text[..colon];
            if (!DeviceOption.IsPath(path))
            {
                throw new UsageException($"{option.Name} '{text}' is not a bound of a disk; write {option.HelpName}, as /dev/sda:10m");
            }

            var isBytes = kind is DeviceRateKind.ReadBytes or DeviceRateKind.WriteBytes;
            var rate = text[(colon + 1)..];
            yield return new JailDeviceRate(path, kind, (isBytes || rate.All(char.IsAsciiDigit) ? OptionValues.Bytes(rate, option.Name) : null)
                ?? throw new UsageException($"{option.Name} '{text}': '{rate}' is not a number of operations"));
        }
    }
}
