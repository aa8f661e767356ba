using System.Globalization;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Storage;

namespace Kleene.Build.Builder.Tests.Differential;

/// <summary>
/// A directory of files of all kinds, edited at random in the ways that a copy of only what changed could get wrong. All its times are of a small
/// stock of old ones, so that times that are made now can be told from those that were copied, and a time alone never tells a change.
/// </summary>
internal sealed class RandomTree(Random random, ScratchDirectory scratch, string name)
{
    /// <summary>As setfacl -d -m u:7:rx writes it: version 2, then tag, permissions and id of each entry (linux/posix_acl_xattr.h).</summary>
    private static readonly byte[] DefaultAccess =
        Convert.FromHexString("02000000" + "01000700ffffffff" + "0200050007000000" + "04000500ffffffff" + "10000700ffffffff" + "20000500ffffffff");

    private static readonly string[] Names =
    [
        "a", "A", "b", "c d", "e.log", "own", "pair1", "pair2", "sub/a", "sub/b", "sub/e.log", "sub/deep/f", "sub/deep/g", "other/a", "other/B", "both/x", "both/y", "kept/a", "way/in",
    ];

    private static readonly string[] Edits =
    [
        "printf '%s' {content} > {file}",
        "printf '%s' {content} >> {file}",
        "printf '%s' {content} > n; mv -fT n {file}",
        "rm {file}",
        "rm {file}",
        "mv -fT {file} {swapped}",
        "rm {file}; mkdir -p {file}/in; echo 1 > {file}/in/one; echo 2 > {file}/two",
        "rm -r {directory}",
        "rm -r {directory}; printf '%s' {content} > {directory}",
        "mkdir -p {directory}/added/{number}; echo {number} > {directory}/added/{number}/file",
        "mv -T {directory} moved{number}",
        "mkdir -p empty{number}/below",
        "ln -f {file} {other}",
        "ln -f {file} {other}; ln -f {file} third",
        "cp -p {file} n; mv -fT n {file}",
        "ln -sfT {number} {file}",
        "ln -sfT sub {file}",
        "chmod {mode} {file}",
        "chmod {directorymode} {directory}",
        "user.note {file}",
        "user.note {directory}",
        "system.posix_acl_default {directory}",
        "cat {file} > n; mv -fT n {file}",
        "mkdir n; mv {directory}/* n; rm -r {directory}; mv -T n {directory}",
        "rm {file}; mkfifo {file}",
        "truncate -s 300000 {file}; echo end >> {file}",
        "chown 5:6 {file}",

        // In the image this is a link, which the copy follows.
        "mkdir -p kept/new; echo z > kept/new/z",
        "true",
        ": > .kleeneignore",
        "echo '**/a' > .kleeneignore",
        "printf 'sub\\n!sub/deep\\n' > .kleeneignore",
    ];

    public string Path { get; } = scratch.MakeDirectory(name);

    public void Make()
    {
        foreach (var file in Names.Where(_ => random.Next(4) > 0))
        {
            Run("mkdir -p {parent}; printf '%s' {content} > '" + file + "'", file);
        }

        Date();
    }

    /// <summary>Changes something, or a few things, and says what. What cannot be done in the tree as it is, is not.</summary>
    public string Edit()
    {
        var done = new List<string>();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            done.Add(Run(Edits[random.Next(Edits.Length)], Any("! -type d ! -type p ! -name .kleeneignore") ?? "a"));
        }

        if (Any("-type f ! -name .kleeneignore") is null)
        {
            done.Add(Run("printf '%s' {content} > a", "a"));
        }

        Date();
        return string.Join(" & ", done);
    }

    private string Run(string edit, string file)
    {
        var line = edit
            .Replace("{file}", Quoted(file), StringComparison.Ordinal)
            .Replace("{parent}", Quoted(System.IO.Path.GetDirectoryName(file) is { Length: > 0 } parent ? parent : "."), StringComparison.Ordinal)
            .Replace("{swapped}", Quoted(System.IO.Path.Join(System.IO.Path.GetDirectoryName(file), Swapped(System.IO.Path.GetFileName(file)))), StringComparison.Ordinal)
            .Replace("{other}", Quoted(Names[random.Next(Names.Length)]), StringComparison.Ordinal)
            .Replace("{directory}", Quoted(Any("-type d") ?? "."), StringComparison.Ordinal)
            .Replace("{content}", $"'{string.Concat(Enumerable.Repeat((char)('0' + random.Next(4)), random.Next(4)))}'", StringComparison.Ordinal)
            .Replace("{number}", random.Next(3).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{mode}", Pick("644", "755", "600", "4755"), StringComparison.Ordinal)
            .Replace("{directorymode}", Pick("755", "700", "2775", "1777"), StringComparison.Ordinal);
        var words = line.Split(' ', 2);
        if (!words[0].Contains('.', StringComparison.Ordinal))
        {
            scratch.Shell($"cd '{name}'; ({line}) 2>/dev/null || true");
        }
        else if (System.IO.Path.Join(Path, words[1].Trim('\'')) is var marked && (File.Exists(marked) || Directory.Exists(marked)) && new FileInfo(marked).LinkTarget is null)
        {
            RawFiles.SetAttribute(marked, words[0], words[0] == "user.note" ? [(byte)random.Next(3)] : DefaultAccess);
        }

        return line;
    }

    /// <summary>Gives what was made or changed just now, or has become another time by that, one of the old times.</summary>
    private void Date()
    {
        scratch.Shell(
            $$"""
            cd '{{name}}'
            find . -depth -newermt 2020-01-01 -exec touch -h -d 2001-02-03T04:05:0{{random.Next(3)}} {} +
            find . -name '*{{random.Next(3)}}*' -exec touch -h -d 2002-02-03T04:05:0{{random.Next(3)}} {} +
            """);
    }

    private string? Any(string kind)
    {
        var found = scratch.Shell($"cd '{name}'; find . -mindepth 1 {kind} -printf '%P\\n' | LC_ALL=C sort").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return found.Length == 0 ? null : found[random.Next(found.Length)];
    }

    private static string Quoted(string path) => $"'{path}'";

    private static string Swapped(string text) => string.Concat(text.Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c)));

    private string Pick(params string[] words) => words[random.Next(words.Length)];
}
