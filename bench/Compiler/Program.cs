using System.Globalization;
using Kleene.Build.Bench.Compiler;

// What bench/compiler runs; see bench/README.md.
switch (args)
{
    case ["generate", var lines]:
        Console.Write(GeneratedKleenefile.Write(int.Parse(lines, CultureInfo.InvariantCulture)));
        return 0;

    case ["compile", .. var sizes]:
        CompileTimes.Print([.. sizes.Select(size => int.Parse(size, CultureInfo.InvariantCulture))]);
        return 0;

    case ["fuzz", var count, var seed, .. var folders]:
        return FuzzRun.Start(long.Parse(count, CultureInfo.InvariantCulture), int.Parse(seed, CultureInfo.InvariantCulture), folders);

    default:
        Console.Error.WriteLine("usage: compiler-bench generate LINES | compile LINES ... | fuzz COUNT SEED FOLDER ...");
        return 2;
}
