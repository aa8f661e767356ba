using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.State;

namespace Kleene.Build.Runtime.Storage;

/// <summary>Keeps what copies of many files consisted of, for later copies that differ little. Only a saving: without it everything is copied.</summary>
public sealed class EarlierCopies(Database database)
{
    /// <summary>The latest copy that was asked the same, of whatever files, of the same tree; null when there is none that can be believed.</summary>
    /// <param name="parent">What was copied into; null is the empty tree.</param>
    public EarlierCopy? Find(string question, SnapshotId? parent) =>
        database.QueryFirst<EarlierCopy>(
            """
            SELECT snapshot, directory, user, "group", files FROM earlier_copies JOIN snapshots ON id = snapshot
            WHERE question = $1 AND parent IS $2 AND EXISTS (SELECT 1 FROM cache WHERE cache.snapshot = earlier_copies.snapshot)
            """,
            Row!, // A row that cannot be read counts as none.
            question,
            parent?.ToString());

    /// <summary>Remembers a copy that was made from nothing, in the place of an earlier one.</summary>
    public void Save(string question, EarlierCopy copy) =>
        database.Execute(
            """
            INSERT OR REPLACE INTO earlier_copies (question, snapshot, directory, user, "group", files)
            SELECT $1, id, $3, $4, $5, $6 FROM snapshots WHERE id = $2
            """,
            question,
            copy.Snapshot.ToString(),
            copy.Directory.Bytes.ToArray(),
            (long?)copy.Owner?.User,
            (long?)copy.Owner?.Group,
            copy.Files.Pack());

    private static EarlierCopy? Row(RowReader reader) =>
        TreeManifest.TryUnpack(reader.GetBytes(4)) is { } files
            ? new EarlierCopy(
                SnapshotId.Parse(reader.GetString(0)),
                UnixPath.FromBytes(reader.GetBytes(1)),
                reader.IsNull(2) ? null : new FileOwner((uint)reader.GetInt64(2), (uint)reader.GetInt64(3)),
                files)
            : null;
}

/// <summary>A tree into which files were copied.</summary>
/// <param name="Snapshot">The tree. Its parent is what was copied into.</param>
/// <param name="Directory">The directory in it that they went into, without links.</param>
/// <param name="Owner">Whom the copy gave them to, looked up in the parent; null keeps the owners that its origin says.</param>
/// <param name="Files">What they were.</param>
public sealed record EarlierCopy(SnapshotId Snapshot, UnixPath Directory, FileOwner? Owner, TreeManifest Files);
