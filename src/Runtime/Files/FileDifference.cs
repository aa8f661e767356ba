namespace Kleene.Build.Runtime.Files;

/// <summary>A name that is other in one list of files than in an earlier one.</summary>
/// <param name="Before">Null when it is new.</param>
/// <param name="After">Null when it is gone.</param>
public sealed record FileDifference(UnixPath Path, FileListEntry? Before, FileListEntry? After)
{
    /// <summary><c>added</c>, <c>removed</c> or <c>changed</c>.</summary>
    public string Change => Before is null ? "added" : After is null ? "removed" : "changed";

    /// <summary>What of it changed, in words; nothing when it is new or gone.</summary>
    public IEnumerable<string> Aspects
    {
        get
        {
            if (Before is not { } before || After is not { } after)
            {
                yield break;
            }

            if (before.Kind != after.Kind)
            {
                yield return "kind";
                yield break;
            }

            if (before.Hash != after.Hash || before.Size != after.Size)
            {
                yield return after.Kind switch
                {
                    FileKind.Regular => "content",
                    FileKind.SymbolicLink => "target",
                    FileKind.Directory => "attributes",
                    _ => "device",
                };
            }

            if (before.Permissions != after.Permissions)
            {
                yield return "mode";
            }
        }
    }
}
