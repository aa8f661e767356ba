using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Profiling;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Cli.Output.Profiling;

/// <summary>The files of <c>build --profile</c>: opened before the build does anything, written when it has ended.</summary>
internal sealed class ProfileFiles : IDisposable
{
    private readonly List<(FileStream File, Action<Stream, ProfiledBuild> Write)> files = [];
    private readonly DateTimeOffset started = DateTimeOffset.UtcNow;
    private BuildProfile? profile;
    private string? failure;

    private ProfileFiles(Timeline timeline) => Timeline = timeline;

    /// <summary>On which the build is traced.</summary>
    public Timeline Timeline { get; }

    /// <summary>Null when nobody wants a profile.</summary>
    /// <exception cref="UsageException">A name does not say which form it is to have, or cannot be written.</exception>
    public static ProfileFiles? Open(IReadOnlyCollection<string> paths)
    {
        if (paths.Count == 0)
        {
            return null;
        }

        var opened = new ProfileFiles(Traced());
        try
        {
            foreach (var path in paths)
            {
                opened.files.Add((Create(path), FormOf(path)));
            }

            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    public void Note(BuildEvent happened)
    {
        profile = (happened as BuildEvent.Profiled)?.Profile ?? profile;
        failure = (happened as BuildEvent.Failed)?.Message ?? failure;
    }

    /// <summary>To be called at the end. A build that had nothing to run, or nothing to plan, has no profile, and leaves no files.</summary>
    /// <param name="title">What was built, for people.</param>
    public void Write(string title, Terminal terminal)
    {
        if (profile is null)
        {
            return;
        }

        var total = Timeline.Now;
        foreach (var (file, write) in files)
        {
            try
            {
                write(file, new ProfiledBuild(profile, new SpanTree(Timeline, total), total, title, started, failure));
                file.Flush();
            }
            catch (IOException exception)
            {
                terminal.Error.WriteLine($"warning: the profile could not be written to '{file.Name}': {exception.Message}");
            }
        }
    }

    public void Dispose()
    {
        foreach (var (file, _) in files)
        {
            file.Dispose();
            if (profile is null)
            {
                File.Delete(file.Name);
            }
        }
    }

    /// <summary>What <c>--trace</c> has begun, or what would have been.</summary>
    private static Timeline Traced()
    {
        if (Tracer.Current is { } traced)
        {
            return traced;
        }

        var timeline = new Timeline("kleene build", TimeProvider.System, ProcessAge.Read(TimeSpan.Zero));
        timeline.Add("start", TimeSpan.Zero, timeline.Now);
        Tracer.Use(timeline);
        return timeline;
    }

    private static Action<Stream, ProfiledBuild> FormOf(string path) => Path.GetExtension(path).ToUpperInvariant() switch
    {
        ".HTML" or ".HTM" => ProfilePage.Write,
        ".JSON" => SpeedscopeProfile.Write,
        _ => throw new UsageException($"--profile '{path}' has to end in .html, for a page to look at, or in .json, for speedscope"),
    };

    private static FileStream Create(string path)
    {
        _ = FormOf(path);
        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"'{path}' of --profile cannot be written: {exception.Message}");
        }
    }
}
