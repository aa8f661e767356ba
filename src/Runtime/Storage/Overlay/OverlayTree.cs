using System.Text;

namespace Kleene.Build.Runtime.Storage.Overlay;

/// <summary>
/// The files that one tree of the overlay store consists of, all in <c>ROOT/ID/</c>:
/// <list type="bullet">
/// <item><c>lower</c>: the directories below, newest first, one a line, relative to the root; empty for a base.</item>
/// <item><c>upper</c>, <c>work</c>: of a workspace; a base has only <c>merged</c>, an ordinary directory.</item>
/// <item><c>merged</c>: where a workspace is mounted.</item>
/// <item><c>fs</c>: what <c>upper</c> becomes; a tree that has it is a snapshot.</item>
/// <item><c>children</c>: of a snapshot, one empty file for each tree that stands on it.</item>
/// <item><c>flat</c>: of a snapshot whose chain became too long, a copy of the whole tree for its children to stand on.</item>
/// </list>
/// </summary>
internal readonly record struct OverlayTree(string Root, SnapshotId Id)
{
    public const string FrozenName = "fs";
    public const string FlatName = "flat";
    public const string UpperName = "upper";
    public const string WorkName = "work";

    public string Directory => Path.Join(Root, Id.ToString());

    /// <summary>What the directory is called while it is being removed, so that half of it is never taken for a tree.</summary>
    public string Doomed => Directory + ".removed";

    public string Lower => Path.Join(Directory, "lower");

    public string Upper => Path.Join(Directory, UpperName);

    public string Work => Path.Join(Directory, WorkName);

    public string Merged => Path.Join(Directory, "merged");

    public string Frozen => Path.Join(Directory, FrozenName);

    public string Flat => Path.Join(Directory, FlatName);

    public string Children => Path.Join(Directory, "children");

    public bool IsSnapshot => System.IO.Directory.Exists(Frozen);

    public string Marker(SnapshotId child) => Path.Join(Children, child.ToString());

    public string Relative(string name) => $"{Id}/{name}";

    /// <summary>The chain below a tree; empty when the file is, or was never written.</summary>
    public string[] ReadLower() => File.Exists(Lower) ? File.ReadAllLines(Lower) : [];

    public void WriteLower(IEnumerable<string> chain) => File.WriteAllBytes(Lower, Encoding.ASCII.GetBytes(string.Join('\n', chain)));

    /// <summary>The tree that a line of a chain belongs to.</summary>
    public static SnapshotId? Owner(string? line) =>
        line is { Length: > SnapshotId.Length } && SnapshotId.TryParse(line[..SnapshotId.Length], out var id) ? id : null;

    /// <summary>The directories that make up a snapshot, newest first.</summary>
    public string[] Layers() => System.IO.Directory.Exists(Flat) ? [Relative(FlatName)] : [Relative(FrozenName), .. ReadLower()];
}
