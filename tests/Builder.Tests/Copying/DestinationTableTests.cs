using System.Runtime.CompilerServices;
using System.Text;
using Kleene.Build.Builder.Copying;
using Kleene.Build.Parser;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Text;
using Kleene.Build.Runtime;
using Kleene.Build.Testing.Approvals;
using Xunit;

namespace Kleene.Build.Builder.Tests.Copying;

/// <summary>Every kind of source against every kind of destination: what the image holds afterwards, in one approved table.</summary>
public sealed class DestinationTableTests
{
    private static readonly string[] Sources = ["file", "dir", "dir/", "dir/.", "./dir/../file", "*.one", "[mn]any?", "*.none", "tofile", "todir", "dir/tosub", "."];

    private static readonly string[] Destinations = ["/new", "/new/", "/a/b/new", "/d", "/d/", "/d/.", "/f", "/f/", "/ld", "/ld/", "/lf", "/gone", "/gone/", "/up", "/"];

    [Fact]
    public void Plain_copies_end_where_the_table_says() => Approved.Matches(Table(new CopyManner()), Folder("destinations.approved.txt"));

    [Fact]
    public void Linked_copies_end_where_the_table_says() =>
        Approved.Matches(Table(new CopyManner { LiesOver = true }), Folder("destinations-linked.approved.txt"));

    private static string Table(CopyManner manner)
    {
        var table = new StringBuilder();
        foreach (var source in Sources)
        {
            foreach (var destination in Destinations)
            {
                table.Append($"{source,-14} {destination,-9} {Outcome(source, destination, manner)}\n");
            }
        }

        return table.ToString();
    }

    /// <summary>What is new or different, a link with where it leads; or why there is nothing.</summary>
    private static string Outcome(string source, string destination, CopyManner manner)
    {
        using var space = new CopySpace();
        space.Shell("""
            cd context; echo x > file; echo x > only.one; echo x > many1; echo x > nany2; mkdir -p dir/sub; echo x > dir/in; echo x > dir/sub/deep
            ln -s file tofile; ln -s /dir todir; ln -s sub dir/tosub
            cd ../image; mkdir -p d/sub; echo old > d/old; echo old > f; ln -s d ld; ln -s /f lf; ln -s made gone; ln -s ../../../d/sub up
            """);
        var before = Listing(space);
        try
        {
            var plan = KleenefileCompiler.Compile(new SourceText("Kleenefile", $"FROM scratch\nCOPY {source} {destination}\n"), CompileOptions.Default).Plan;
            var step = Assert.IsType<BuildStep.Copy>(Assert.Single(plan!.Target.Steps));    // Nothing in the table is wrong by its text.
            space.Copy(step.Destination, [.. step.Sources], manner);
            var changed = Listing(space).Except(before).ToList();
            var lost = before.Select(NameOf).Except(Listing(space).Select(NameOf)).Select(name => $"-{name}");
            var shown = string.Join(' ', changed.Concat(lost));
            return shown.Length == 0 ? "nothing" : shown.ReplaceLineEndings(" ");
        }
        catch (KleeneException exception)
        {
            return "error: " + exception.Message;
        }
    }

    private static List<string> Listing(CopySpace space) =>
        [.. space.Shell("""cd image; find . -mindepth 1 \( -type l -printf '%P>%l\n' -o -type d -printf '%P/\n' -o -printf '%P:%s\n' \) | LC_ALL=C sort""").Split('\n', StringSplitOptions.RemoveEmptyEntries)];

    private static string NameOf(string line) => line.Split('>')[0].Split(':')[0].TrimEnd('/');

    private static string Folder(string name, [CallerFilePath] string path = "") => Path.Join(Path.GetDirectoryName(path), name);
}
