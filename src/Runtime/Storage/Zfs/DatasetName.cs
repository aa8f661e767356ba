using System.Text.RegularExpressions;

namespace Kleene.Build.Runtime.Storage.Zfs;

/// <summary>
/// The name of a dataset or snapshot, checked before it becomes an argument: nothing in it can be taken for an option or name more than one dataset.
/// Rules of zfs(8), narrowed: components begin with a letter or digit.
/// </summary>
public readonly partial record struct DatasetName
{
    /// <summary>ZFS_MAX_DATASET_NAME_LEN is 256 with the final zero, and snapshots of ours append to a name.</summary>
    private const int LongestName = 200;

    private readonly string? text;

    private DatasetName(string text) => this.text = text;

    /// <summary>Whether this is <c>DATASET@SNAPSHOT</c>.</summary>
    public bool IsSnapshot => ToString().Contains('@', StringComparison.Ordinal);

    public string Pool => ToString().Split('/', '@')[0];

    /// <exception cref="KleeneException">It is no name; the message says what one looks like.</exception>
    public static DatasetName Parse(string text) =>
        text.Length <= LongestName && Pattern().IsMatch(text)
            ? new DatasetName(text)
            : throw new KleeneException($"invalid dataset '{text}': write POOL/DATASET or POOL/DATASET@SNAPSHOT, without a leading '/'");

    public DatasetName Child(string name) => Parse($"{this}/{name}");

    public DatasetName Snapshot(string name) => Parse($"{this}@{name}");

    public override string ToString() => text ?? throw new InvalidOperationException("a dataset name was used before it was set");

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9_.:-]*(/[A-Za-z0-9][A-Za-z0-9_.: -]*)*(@[A-Za-z0-9][A-Za-z0-9_.:-]*)?\z")]
    private static partial Regex Pattern();
}
