using System.CommandLine;
using System.Globalization;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Jails;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene stats</c>: what running containers use, once or every second.</summary>
internal static class StatsCommand
{
    /// <summary>Cursor home, and erase what is below (ECMA-48).</summary>
    private const string Clear = "\e[H\e[J";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private static readonly Listing<Row> Columns = new(
        new("id", row => row.Container.Id.ToString()),
        new("name", row => row.Container.Name),
        new("cpu", row => Percent(row.Cpu), (json, row) => Number(json, row.Cpu)),
        new("memory", row => $"{Sizes.Binary(row.Usage.MemoryBytes)} / {Sizes.Binary(row.MemoryLimit)}", (json, row) => Number(json, row.Usage.MemoryBytes)),
        new("memoryLimit", row => Sizes.Binary(row.MemoryLimit), (json, row) => Number(json, row.MemoryLimit), InTable: false),
        new("memoryPeak", row => Sizes.Binary(row.Usage.PeakMemoryBytes), (json, row) => Number(json, row.Usage.PeakMemoryBytes), InTable: false),
        new("memoryPercent", row => Percent(row.MemoryPercent), (json, row) => Number(json, row.MemoryPercent)),
        new("network", row => $"{Sizes.Metric(row.Usage.ReceivedBytes)} / {Sizes.Metric(row.Usage.SentBytes)}", (json, row) => Pair(json, row.Usage.ReceivedBytes, row.Usage.SentBytes)),
        new("block", row => $"{Sizes.Metric(row.Usage.ReadBytes)} / {Sizes.Metric(row.Usage.WrittenBytes)}", (json, row) => Pair(json, row.Usage.ReadBytes, row.Usage.WrittenBytes)),
        new("pids", row => row.Usage.Processes?.ToString(CultureInfo.InvariantCulture) ?? "-", (json, row) => Number(json, row.Usage.Processes)),
        new("pidsLimit", row => row.Usage.ProcessLimit?.ToString(CultureInfo.InvariantCulture) ?? "-", (json, row) => Number(json, row.Usage.ProcessLimit), InTable: false),
        new("throttled", row => row.Usage.ThrottledTime?.ToString("c", CultureInfo.InvariantCulture) ?? "-", (json, row) => Number(json, row.Usage.ThrottledTime?.TotalSeconds), InTable: false),
        new("oomKills", row => row.Usage.OutOfMemoryKills?.ToString(CultureInfo.InvariantCulture) ?? "-", (json, row) => Number(json, row.Usage.OutOfMemoryKills), InTable: false));

    public static Command Create(string name, Verb verb)
    {
        var references = new Argument<string[]>("CONTAINER") { Description = "its name or the beginning of its id; all that run by default", Arity = ArgumentArity.ZeroOrMore };
        var noStream = new Option<bool>("--no-stream") { Description = "once, and not every second" };
        var (format, quiet) = ListOptions.Create();
        var command = new Command(name) { references, noStream, format, quiet };
        verb.DoesUntilInterrupted(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var once = context.Get(noStream);
            var before = await MeasureAsync(kleene, context.Get(references), cancellationToken);
            while (true)
            {
                // What a processor did is known only over a time.
                await Task.Delay(Interval, kleene.Clock, cancellationToken);
                var now = await MeasureAsync(kleene, context.Get(references), cancellationToken);
                if (!once && context.Terminal.OutputIsTerminal)
                {
                    context.Terminal.Output.Write(Clear);
                }

                Columns.Print(context.Terminal.Output, [.. now.Select(sample => Row.Of(sample, before))], context.Get(format) ?? "table", context.Get(quiet));
                await context.Terminal.Output.FlushAsync(cancellationToken);
                if (once)
                {
                    return ExitCodes.Done;
                }

                before = now;
            }
        });
        return command;
    }

    /// <summary>Containers that were asked for by name stay in the list when they do not run; of all, those that run are shown.</summary>
    private static async Task<IReadOnlyList<Sample>> MeasureAsync(Composition kleene, string[] references, CancellationToken cancellationToken)
    {
        var samples = new List<Sample>();
        foreach (var container in references.Length > 0 ? references.Select(kleene.Containers.Find).ToList() : kleene.Containers.ListActive())
        {
            var usage = await kleene.Jails.MeasureAsync(container.Id.ToString(), cancellationToken);
            if (usage is not null || references.Length > 0)
            {
                samples.Add(new Sample(container, usage ?? new JailUsage(), kleene.Clock.GetTimestamp(), kleene.Clock));
            }
        }

        return samples;
    }

    private static string Percent(double? value) => value is { } number ? string.Create(CultureInfo.InvariantCulture, $"{number:0.00}%") : "-";

    private static void Number(System.Text.Json.Utf8JsonWriter json, double? value)
    {
        if (value is { } number)
        {
            json.WriteNumberValue(Math.Round(number, 2));
        }
        else
        {
            json.WriteNullValue();
        }
    }

    private static void Pair(System.Text.Json.Utf8JsonWriter json, long? first, long? second)
    {
        json.WriteStartArray();
        Number(json, first);
        Number(json, second);
        json.WriteEndArray();
    }

    private sealed record Sample(Container Container, JailUsage Usage, long Timestamp, TimeProvider Clock);

    private sealed record Row(Container Container, JailUsage Usage, double? Cpu)
    {
        private const double Whole = 100;

        public long MemoryLimit => Usage.MemoryLimitBytes ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

        public double? MemoryPercent => Usage.MemoryBytes is { } bytes ? Whole * bytes / MemoryLimit : null;

        /// <summary>As Docker counts: one processor that is always busy is 100 %.</summary>
        public static Row Of(Sample now, IEnumerable<Sample> before) => new(
            now.Container,
            now.Usage,
            before.FirstOrDefault(sample => sample.Container.Id == now.Container.Id) is { } first && now.Usage.CpuTime - first.Usage.CpuTime is { } worked
                ? Math.Max(0, Whole * worked / now.Clock.GetElapsedTime(first.Timestamp, now.Timestamp))
                : null);
    }
}
