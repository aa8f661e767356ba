using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Fetching;

namespace Kleene.Build.Builder.Fetching;

/// <summary>What a source of an ADD that is not on this machine has turned out to be, before it is copied.</summary>
internal abstract record RemotePart
{
    private RemotePart()
    {
    }

    /// <summary>What it contributes to the step's key: the same for the same content.</summary>
    public abstract string Identity { get; }

    /// <param name="Fetched">Null when a checksum says enough: then it is fetched only if the step runs.</param>
    public sealed record File(RemoteSource.Http Source, FileChecksum? Checksum, Download? Fetched) : RemotePart
    {
        public override string Identity => $"file {Fetched?.Digest.ToString() ?? Checksum?.Text} {Source.Name}";
    }

    public sealed record Repository(GitSource Source, string Commit) : RemotePart
    {
        /// <summary>The commit says it all, wherever it is from; its submodules too.</summary>
        public override string Identity => $"commit {Commit} {Source.TakesSubmodules} {Source.KeepsHistory} {Source.Subdirectory}";
    }
}
