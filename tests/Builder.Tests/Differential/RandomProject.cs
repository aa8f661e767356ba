using System.Text;
using Kleene.Build.Parser;
using Kleene.Build.Testing;

namespace Kleene.Build.Builder.Tests.Differential;

/// <summary>
/// A Kleenefile, its context and the arguments of its builds, all of them random and edited at random. Names and contents come from a small stock,
/// so that what was there before comes back, and edits are of the kinds that have fooled caches of file states.
/// </summary>
internal sealed class RandomProject(Random random, string context)
{
    private static readonly string[] Names = ["a", "b", "A", "c d", "e.log", "sub/a", "sub/b", "sub/deep/f", "other/a", "other/B"];
    private static readonly string[] Contents = ["", "1\n", "2\n", "3\n", "longer text\n", "other text!\n"];
    private static readonly DateTime LongAgo = new(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);

    private readonly List<List<string>> stages = [];
    private readonly Dictionary<string, string> arguments = new(StringComparer.Ordinal);

    public string Base { get; private set; } = "one";

    public BuildArguments Arguments => new(arguments);

    public string Kleenefile
    {
        get
        {
            var text = new StringBuilder();
            for (var i = 0; i < stages.Count; i++)
            {
                text.AppendLine(i > 0 && i % 2 == 1 && stages.Count > 2 ? $"FROM s{i - 1} AS s{i}" : $"FROM base AS s{i}");
                stages[i].ForEach(line => text.AppendLine(line));
            }

            return text.ToString();
        }
    }

    public void Make()
    {
        for (var i = 0; i < 6; i++)
        {
            Write();
        }

        for (var i = random.Next(1, 4); i > 0; i--)
        {
            stages.Add([]);
            for (var lines = random.Next(2, 7); lines > 0; lines--)
            {
                stages[^1].Add(Instruction(stages.Count - 1));
            }
        }
    }

    /// <summary>Changes something, and says what.</summary>
    public string Edit()
    {
        switch (random.Next(20))
        {
            case 0:
                return Write();
            case 1:
                return OfFile("rewritten with its old time", file => Keep(file, () => Put(file)));
            case 2:
                return OfFile("replaced by rename, with its old time", file => Keep(file, () =>
                {
                    Put(file + ".new");
                    File.Move(file + ".new", file, overwrite: true);
                }));
            case 3:
                return OfFile("removed", File.Delete);
            case 4:
                return OfFile("renamed in its case", file => File.Move(file, Path.Join(Path.GetDirectoryName(file), Swapped(Path.GetFileName(file))), overwrite: true));
            case 5:
                return OfFile("made a hard link of another", file =>
                {
                    var other = Any();
                    if (other != file)
                    {
                        File.Delete(file);
                        Shell($"ln '{other}' '{file}'");
                    }
                });
            case 6:
                return OfFile("written through a hard link elsewhere", file => Keep(file, () => Shell($"ln '{file}' '{context}/../link'; printf '%s' '{Content()}' > '{context}/../link'; rm '{context}/../link'")));
            case 7:
                return OfFile("made a link", file =>
                {
                    File.Delete(file);
                    File.CreateSymbolicLink(file, random.Next(2) == 0 ? "a" : "missing");
                });
            case 8:
                return OfFile("given another mode", file => File.SetUnixFileMode(file, (UnixFileMode)Convert.ToInt32(Pick("644", "755", "600"), 8)));
            case 9:
                return OfFile("only touched", file => File.SetLastWriteTimeUtc(file, DateTime.UtcNow));
            case 10:
                return OfFile("dated back", file => File.SetLastWriteTimeUtc(file, LongAgo));
            case 11:
                return OfFile("changed and dated back", file =>
                {
                    Put(file);
                    File.SetLastWriteTimeUtc(file, LongAgo);
                });
            case 12:
                File.WriteAllText(Path.Join(context, ".kleeneignore"), Pick("", "*.log\n", "sub\n!sub/deep\n", "**/a\n"));
                return "another ignore file";
            case 13:
                arguments["X"] = Pick("1", "2", "3");
                return $"--build-arg X={arguments["X"]}";
            case 14:
                Base = Pick("one", "two");
                return $"base image {Base}";
            case 15:
                var stage = stages[random.Next(stages.Count)];
                stage.Insert(random.Next(stage.Count + 1), Instruction(stages.IndexOf(stage)));
                return "an instruction more";
            case 16:
                var shrunk = stages[random.Next(stages.Count)];
                if (shrunk.Count > 1)
                {
                    shrunk.RemoveAt(random.Next(shrunk.Count));
                }

                return "an instruction less";
            case 17:
                return "nothing";
            default:
                return OfFile("rewritten in place, with its old time", file => Keep(file, () => Put(file)));
        }
    }

    private string Instruction(int stage) => random.Next(14) switch
    {
        0 => $"COPY --if-exists {Source()} /srv/",
        1 => $"COPY {Pick(".", "*", "[ab]")} /srv/",
        2 => $"COPY --if-exists --chmod={Pick("600", "755", "u=rwX")} {Source()} /x/{random.Next(3)}",
        3 => $"COPY --chown={Pick("0", "7:8")} --exclude=*.log . /all/",
        4 => $"COPY --if-exists --parents {Source()} /parents/",
        5 => $"COPY --link . /linked{random.Next(2)}/",
        6 when stage > 0 => $"COPY --if-exists --from=s{random.Next(stage)} {Pick("/srv", "/d", "/base")} /from/",
        7 when stage > 0 => $"RUN --mount=type=bind,from=s{random.Next(stage)},target=/seen look{random.Next(3)}",
        8 => $"RUN --mount=type=bind,source={Pick(".", ".", "sub")},target=/seen look{random.Next(3)}",
        9 => $"RUN --mount=type=cache,target=/cache run{random.Next(3)}",
        10 => $"ARG X={Pick("1", "2")}",
        11 => $"ENV V={Pick("1", "2", "$X")}",
        12 => $"WORKDIR {Pick("/w", "/srv", "deep/er")}",
        13 => $"USER {Pick("0", "7", "7:8")}",
        _ => $"RUN run{random.Next(4)} $X",
    };

    private string Source() => Pick(".", "a", "sub", "*", "sub/*", "other", "[ab]");

    private string Write()
    {
        var path = Path.Join(context, Names[random.Next(Names.Length)]);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Delete(path);
        Put(path);
        return $"{path[(context.Length + 1)..]} written";
    }

    private string OfFile(string what, Action<string> edit)
    {
        var file = Any();
        edit(file);
        return $"{file[(context.Length + 1)..]} {what}";
    }

    private string Any()
    {
        var files = Directory.GetFiles(context, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Where(file => new FileInfo(file) is { LinkTarget: null, Name: not ".kleeneignore" }).ToList();
        if (files.Count == 0)
        {
            Write();
            return Any();
        }

        return files[random.Next(files.Count)];
    }

    /// <summary>With a time that the framework, which counts in steps of 100 ns, can give a file again.</summary>
    private void Put(string file)
    {
        File.WriteAllText(file, Content());
        File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file));
    }

    /// <summary>Does something to a file and gives it the time it had: <c>touch -r</c>.</summary>
    private static void Keep(string file, Action edit)
    {
        var time = File.GetLastWriteTimeUtc(file);
        edit();
        File.SetLastWriteTimeUtc(file, time);
    }

    private static string Swapped(string name) => string.Concat(name.Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c)));

    private static void Shell(string script)
    {
        using var here = new ScratchDirectory();
        here.Shell(script);
    }

    private string Content() => Contents[random.Next(Contents.Length)];

    private string Pick(params string[] words) => words[random.Next(words.Length)];
}
