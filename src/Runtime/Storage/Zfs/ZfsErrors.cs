using System.Buffers;

namespace Kleene.Build.Runtime.Storage.Zfs;

/// <summary>What zfs(8) means when it fails. Whatever is not known here stays the failed process that it is.</summary>
internal enum ZfsFailure
{
    Unknown,
    Missing,
    Exists,
    Busy,
    HasClones,
    AlreadyMounted,
    NotMounted,
    OtherPool,
    NoSpace,
}

/// <summary>Reads the messages of zfs(8). They are all there is: every failure exits with 1.</summary>
internal static class ZfsErrors
{
    /// <summary>Each with the versions that were seen or are known to print it. F: zfs-fuse 0.7.2. O: OpenZFS 2.1 to 2.3. B: FreeBSD 14.</summary>
    private static readonly (string Words, ZfsFailure Meaning)[] Known =
    [
        ("dataset does not exist", ZfsFailure.Missing), // F O B
        ("could not find any snapshots to destroy", ZfsFailure.Missing), // O B: destroy of a snapshot
        ("no such pool", ZfsFailure.Missing), // F O B
        ("dataset already exists", ZfsFailure.Exists), // F O B
        ("has dependent clones", ZfsFailure.HasClones), // F O B: "filesystem has ..." and "snapshot has ..."
        ("filesystem already mounted", ZfsFailure.AlreadyMounted), // F O B
        ("not currently mounted", ZfsFailure.NotMounted), // F O B
        ("dataset is busy", ZfsFailure.Busy), // F; O and B say "pool or dataset is busy"
        ("target is busy", ZfsFailure.Busy), // F, O: from umount(8)
        ("Device or resource busy", ZfsFailure.Busy), // O
        ("Device busy", ZfsFailure.Busy), // B
        ("source and target pools differ", ZfsFailure.OtherPool), // F O B
        ("out of space", ZfsFailure.NoSpace), // F O B
    ];

    private static readonly SearchValues<char> NameEnds = SearchValues.Create("'\n:@ ");

    /// <param name="error">What the command printed on its error stream.</param>
    /// <param name="subjects">The names and paths that the command was about. A message about anything else is not understood.</param>
    public static ZfsFailure Read(string error, params ReadOnlySpan<string> subjects)
    {
        foreach (var line in error.Split('\n'))
        {
            foreach (var (words, meaning) in Known)
            {
                if (line.Contains(words, StringComparison.Ordinal) && Names(line, subjects))
                {
                    return meaning;
                }
            }
        }

        return ZfsFailure.Unknown;
    }

    /// <summary>Quoted as zfs(8) does it, or after <c>umount: </c>.</summary>
    private static bool Names(string line, ReadOnlySpan<string> subjects)
    {
        foreach (var subject in subjects)
        {
            for (var at = line.IndexOf(subject, StringComparison.Ordinal); at >= 0; at = line.IndexOf(subject, at + 1, StringComparison.Ordinal))
            {
                var end = at + subject.Length;
                if (at > 0 && line[at - 1] is '\'' or ' ' && (end == line.Length || NameEnds.Contains(line[end])))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
