using System.Diagnostics;
using System.Globalization;
using Kleene.Build.Parser;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Bench.Compiler;

/// <summary>How long files of several lengths take to compile in this process, the very first time and again.</summary>
internal static class CompileTimes
{
    private const int Rounds = 21;

    public static void Print(int[] sizes)
    {
        var texts = sizes.ToDictionary(size => size, GeneratedKleenefile.Write);
        Console.WriteLine("| lines | kB | first in the process | median | minimum | µs a line | allocated |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var size in sizes)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            var first = Measure(texts[size]);
            var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
            var times = Enumerable.Range(0, Rounds).Select(_ => Measure(texts[size])).Order().ToArray();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {size:N0} | {texts[size].Length / 1000.0:N0} | {Milliseconds(first)} | {Milliseconds(times[Rounds / 2])} | {Milliseconds(times[0])} | {times[Rounds / 2].TotalMicroseconds / size:N1} | {allocated / 1e6:N1} MB |"));
        }
    }

    private static TimeSpan Measure(string text)
    {
        var start = Stopwatch.GetTimestamp();
        var compilation = KleenefileCompiler.Compile(new SourceText("Kleenefile", text), CompileOptions.Default);
        var time = Stopwatch.GetElapsedTime(start);
        return compilation.Plan is null ? throw new InvalidOperationException("the generated file has errors") : time;
    }

    private static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString("N2", CultureInfo.InvariantCulture) + " ms";
}
