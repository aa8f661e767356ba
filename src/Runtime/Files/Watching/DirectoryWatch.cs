using System.Threading.Channels;

namespace Kleene.Build.Runtime.Files.Watching;

/// <summary>Something that happened to a name in a directory that is watched.</summary>
/// <param name="Directory">As it was given to be watched.</param>
/// <param name="Name">As <see cref="UnixPath.ToString"/> gives it; null: more happened than could be told, and anything may have changed.</param>
public readonly record struct DirectoryChange(string Directory, string? Name);

/// <summary>Tells of what is made, written, renamed or removed in directories, each without those below it.</summary>
public abstract class DirectoryWatch : IDisposable
{
    private readonly Channel<DirectoryChange> changes = Channel.CreateUnbounded<DirectoryChange>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>What happened, in order. It ends with an error when nothing can be told any more.</summary>
    public ChannelReader<DirectoryChange> Changes => changes.Reader;

    protected ChannelWriter<DirectoryChange> Told => changes.Writer;

    /// <summary>By the kernel where it does that, and else by looking again and again.</summary>
    public static DirectoryWatch Open() => (DirectoryWatch?)InotifyWatch.TryOpen() ?? new PolledWatch(TimeProvider.System);

    /// <summary>
    /// Watches these from now on, and no others. What has happened to others until now may still be told. A directory that is not there is passed over: the one
    /// that it would be in tells when it comes.
    /// </summary>
    /// <exception cref="KleeneException">The kernel has no room for so many.</exception>
    public abstract void Watch(IReadOnlyCollection<string> directories);

    public abstract void Dispose();
}
