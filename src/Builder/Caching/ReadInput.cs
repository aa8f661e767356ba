using System.Collections.Immutable;
using Kleene.Build.Builder.Copying;
using Kleene.Build.Builder.Fetching;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Builder.Caching;

/// <summary>Something that a step reads beside its parent: what a COPY takes, or a command sees mounted.</summary>
internal abstract record ReadInput
{
    private ReadInput()
    {
    }

    /// <summary>The same for the same content, and for no other.</summary>
    public abstract string Identity { get; }

    /// <summary>Files of the build context, or of another directory of the caller's.</summary>
    /// <param name="Plan">Whose files have the digest.</param>
    /// <param name="Names">What the directories among them are called, where that counts.</param>
    public sealed record Files(CopyPlan Plan, Digest Digest, string Names) : ReadInput
    {
        public override string Identity => $"{Digest}{Names}";
    }

    /// <summary>What an address leads to.</summary>
    /// <param name="Address">As it is written; it is no input.</param>
    public sealed record Remote(RemotePart Part, string Address) : ReadInput
    {
        public override string Identity => Part.Identity;
    }

    /// <summary>Paths in the tree of a stage or an image, as they are written: the tree's key says what is there.</summary>
    /// <param name="Tree">What people call it; it is no input.</param>
    public sealed record Paths(string Tree, string Key, ImmutableArray<string> Written) : ReadInput
    {
        public override string Identity => string.Join('\0', Written.Prepend(Key));
    }
}
