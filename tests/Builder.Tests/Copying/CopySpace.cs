using Kleene.Build.Builder.Contexts;
using Kleene.Build.Builder.Copying;
using Kleene.Build.Testing;

namespace Kleene.Build.Builder.Tests.Copying;

/// <summary>A context and the tree of an image, and copies from the one to the other as a build makes them.</summary>
internal sealed class CopySpace : IDisposable
{
    private readonly ScratchDirectory scratch = new();

    public CopySpace() => scratch.Shell("mkdir context image");

    public string this[string relative] => scratch[relative];

    public string Write(string relative, string content) => scratch.Write(relative, content);

    public string Shell(string script) => scratch.Shell(script);

    /// <summary>Plans, hashes and copies.</summary>
    /// <param name="keepsOwners">Whether the context counts as an image's tree.</param>
    public void Copy(string destination, string[] sources, CopyManner? manner = null, SourceLookup? lookup = null, string[]? exclude = null, bool keepsOwners = false)
    {
        using var context = BuildContext.Open(scratch["context"], kleenefile: null, cacheDirectory: null);
        var origin = keepsOwners ? new SourceTree(context.Files.Root, IgnoreFile.Empty, "stage 'x'") { KeepsOwners = true } : context.Files;
        var plan = CopyPlanner.Plan(origin, [.. sources], destination, exclude ?? [], lookup ?? SourceLookup.Plain);
        plan.ComputeDigest(cache: null, CancellationToken.None);
        CopyExecutor.Execute(plan, scratch["image"], manner ?? new CopyManner(), CancellationToken.None);
    }

    /// <summary>Everything in the image, a line each; by <c>find -printf</c>.</summary>
    public string Image(string format = "%P") => scratch.Shell($"cd image; find . -mindepth 1 -printf '{format}\n' | LC_ALL=C sort").TrimEnd('\n');

    public void Dispose() => scratch.Dispose();
}
