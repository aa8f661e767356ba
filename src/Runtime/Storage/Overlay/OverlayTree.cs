using System.Text;

namespace Kleene.Build.Runtime.Storage.Overlay;

/// <summary>
/// The files that one tree of the overlay store consists of, all in <c>ROOT/ID/</c>:
/// <list type="bullet">
/// <item><c>lower</c>: the directories below, newest first, one a line, relative to the root; empty for a base.</item>
/// <item><c>parent</c>: a hard link to the parent's <c>lower</c>. The number of that file's links tells the parent how many trees
/// stand on it: no list is searched, no inode is spent, and a child's mark cannot outlive the child.</item>
/// <item><c>upper</c>: what is written in a workspace; <c>work</c>: overlayfs's own; <c>merged</c>: where it is mounted.
/// A base has only the first.</item>
/// <item><c>fs</c>: what <c>upper</c> becomes; a tree that has it is a snapshot.</item>
/// <item><c>flat</c>: of a snapshot whose chain became too long, a copy of the whole tree for its children to stand on.</item>
/// </list>
/// </summary>
internal readonly record struct OverlayTree(string Root, SnapshotId Id)
{
    public const string FrozenName = "fs";
    public const string FlatName = "flat";
    public const string UpperName = "upper";
    public const string WorkName = "work";
    public const string MergedName = "merged";
    public const string LowerName = "lower";
    public const string ParentName = "parent";

    public string Directory => Path.Join(Root, Id.ToString());

    /// <summary>What the directory is called while it is being removed, so that half of it is never taken for a tree.</summary>
    public string Doomed => Path.Join(Root, DoomedName);

    public string DoomedName => $"{Id}.removed";

    public string Lower => Path.Join(Directory, LowerName);

    public string Upper => Path.Join(Directory, UpperName);

    public string Work => Path.Join(Directory, WorkName);

    public string Merged => Path.Join(Directory, MergedName);

    public string Frozen => Path.Join(Directory, FrozenName);

    public string Flat => Path.Join(Directory, FlatName);

    public bool IsSnapshot => System.IO.Directory.Exists(Frozen);

    public bool IsWorkspace => System.IO.Directory.Exists(Upper);

    /// <summary>A base is an ordinary directory: overlayfs needs something below.</summary>
    public bool IsMountable => System.IO.Directory.Exists(Merged);

    /// <summary>Where a workspace's files are seen.</summary>
    public string Visible => IsMountable ? Merged : Upper;

    /// <summary>From the root.</summary>
    public string Relative(string name) => $"{Id}/{name}";

    public string[] ReadLower() => File.ReadAllLines(Lower);

    public void WriteLower(IEnumerable<string> chain) => File.WriteAllBytes(Lower, Encoding.ASCII.GetBytes(string.Join('\n', chain)));

    /// <summary>The directories that make up a snapshot, newest first.</summary>
    public string[] Layers() => System.IO.Directory.Exists(Flat) ? [Relative(FlatName)] : [Relative(FrozenName), .. ReadLower()];
}
