using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Containers;

/// <summary>How <c>cp</c> is to copy.</summary>
/// <param name="KeepsOwners">Whether files keep their owners; otherwise they belong to 0:0 where they arrive.</param>
/// <param name="FollowsLink">Whether a link that is named as the source stands for what it leads to.</param>
public sealed record CopyRule(bool KeepsOwners, bool FollowsLink)
{
    internal FileOwner? Owner => KeepsOwners ? null : FileOwner.Root;
}
