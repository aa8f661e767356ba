using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Kleene.Build.Parser.Tests;

namespace Kleene.Build.Bench.Compiler;

/// <summary>Asks of broken texts, one after another, what has to hold for every text.</summary>
internal sealed class FuzzRun
{
    private const int MostFailures = 10;

    // No text that the mutator makes is honestly this slow: it is a loop without an end, or many inside each other.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly List<string> seeds;
    private readonly (string Text, long Started)?[] inHand = new (string, long)?[Environment.ProcessorCount];
    private readonly Lock output = new();
    private int failures;
    private long slowest;

    private FuzzRun(string[] folders)
    {
        seeds = [.. folders.SelectMany(folder => Directory.EnumerateFiles(folder, "Kleenefile*", SearchOption.AllDirectories)).Order(StringComparer.Ordinal).Select(File.ReadAllText)];
    }

    /// <returns>1 when something did not hold, else 0.</returns>
    public static int Start(long count, int seed, string[] folders)
    {
        var run = new FuzzRun(folders);
        using var watch = new Timer(_ => run.LookForLoops(), null, Patience, Patience);
        var started = Stopwatch.GetTimestamp();
        Parallel.For(0, run.inHand.Length, worker => run.Work(worker, count, seed));
        var elapsed = Stopwatch.GetElapsedTime(started);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{count:N0} inputs mutated from {run.seeds.Count} files, seed {seed}, {run.inHand.Length} threads: {run.failures} failures in {elapsed.TotalSeconds:N0} s; the slowest input took {run.slowest} ms"));
        return run.failures == 0 ? 0 : 1;
    }

    private void Work(int worker, long count, int seed)
    {
        var mutator = new Mutator(seeds, new Random(seed + worker));
        for (var i = (long)worker; i < count && failures < MostFailures; i += inHand.Length)
        {
            var text = mutator.Next();
            var started = Stopwatch.GetTimestamp();
            inHand[worker] = (text, started);
            var violation = Invariants.Violation(text);
            inHand[worker] = null;
            slowest = Math.Max(slowest, (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            if (violation is not null)
            {
                Interlocked.Increment(ref failures);
                text = Shrink(text);
                Say(Invariants.Violation(text) ?? violation, text);
            }
        }
    }

    private void LookForLoops()
    {
        foreach (var (text, started) in inHand.OfType<(string, long)>())
        {
            if (Stopwatch.GetElapsedTime(started) > Patience)
            {
                Say($"it does not end within {Patience.TotalSeconds} s", text);
                Environment.Exit(1);
            }
        }
    }

    /// <summary>Leaves out whatever can be left out.</summary>
    private static string Shrink(string text)
    {
        for (var size = text.Length / 2; size > 0; size /= 2)
        {
            for (var at = 0; at + size <= text.Length;)
            {
                var smaller = text.Remove(at, size);
                if (Invariants.Violation(smaller) is null)
                {
                    at += size;
                }
                else
                {
                    text = smaller;
                }
            }
        }

        return text;
    }

    private void Say(string violation, string text)
    {
        lock (output)
        {
            Console.WriteLine($"--- {violation}\n=== \"{JsonEncodedText.Encode(text)}\"");
        }
    }
}
