using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Copying;

/// <summary>Lets pass what two filters let pass: the context's ignore file and what a COPY excludes.</summary>
internal sealed class BothFilters : ITreeFilter
{
    private readonly ITreeFilter one;
    private readonly ITreeFilter other;

    private BothFilters(ITreeFilter one, ITreeFilter other)
    {
        this.one = one;
        this.other = other;
    }

    /// <summary>Null lets everything pass.</summary>
    public static ITreeFilter? Of(ITreeFilter? one, ITreeFilter? other) =>
        one is null ? other : other is null ? one : new BothFilters(one, other);

    /// <summary>The stricter verdict: the enumeration goes from including to excluding.</summary>
    public TreeVerdict Judge(ReadOnlySpan<byte> name, bool isDirectory) =>
        (TreeVerdict)Math.Max((int)one.Judge(name, isDirectory), (int)other.Judge(name, isDirectory));

    public ITreeFilter? Enter(ReadOnlySpan<byte> name) => Of(one.Enter(name), other.Enter(name));
}
