using System.Collections.Immutable;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Caching;

/// <summary>All that a step asks.</summary>
/// <param name="Step">The instruction.</param>
/// <param name="Parent">The key of the tree it is asked of.</param>
/// <param name="Reads">What a copy takes, or a command sees mounted.</param>
/// <param name="Platform">Such as <c>linux/amd64</c>.</param>
internal sealed record StepQuestion(BuildStep Step, string Parent, ImmutableArray<ReadInput> Reads, string Platform)
{
    /// <summary>The question as a hash.</summary>
    public string Key()
    {
        var writer = new HashingKeyWriter();
        StepKey.Write(writer, this);
        return writer.Finish();
    }

    /// <summary>What this copy and another one have in common that differs in nothing but its files.</summary>
    public string KeyForAnyFiles() => (this with { Reads = [.. Reads.Select(read => read is ReadInput.Files files ? files with { Digest = default } : read)] }).Key();

    /// <summary>The question as it is kept.</summary>
    public KeyRecord Record()
    {
        var writer = new RecordingKeyWriter();
        StepKey.Write(writer, this);
        return writer.Finish();
    }

    /// <summary>The files behind the digests in the record; each list is made when it is asked for.</summary>
    public IEnumerable<(string Digest, Func<FileList> List)> Files =>
        Reads.OfType<ReadInput.Files>().Select(files => (files.Digest.ToString(), (Func<FileList>)files.Plan.ListFiles));
}
