using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Runtime.Containers;

/// <summary>How <c>cp</c> is to copy.</summary>
/// <param name="KeepsOwners">Whether files keep their owners; otherwise they belong to 0:0 where they arrive.</param>
/// <param name="FollowsLink">Whether a link that is named as the source stands for what it leads to.</param>
public sealed record CopyRule(bool KeepsOwners, bool FollowsLink)
{
    /// <summary>Whose ids the source shows as owners, when it is the tree of a container that runs with users of its own.</summary>
    public UserRange? SourceUsers { get; init; }

    /// <summary>The same of the target.</summary>
    public UserRange? TargetUsers { get; init; }

    internal FileOwner? Owner => KeepsOwners ? null : Superuser;

    /// <summary>The target's.</summary>
    internal FileOwner Superuser => TargetUsers is { } users ? new FileOwner(users.First, users.First) : FileOwner.Root;

    /// <exception cref="KleeneException">Owners are to be kept where they mean something else.</exception>
    internal void Check()
    {
        if (KeepsOwners && SourceUsers != TargetUsers)
        {
            throw new KleeneException("owners cannot be kept while a container runs with users of its own: ids mean something else there; stop it first, or leave out --archive");
        }
    }
}
