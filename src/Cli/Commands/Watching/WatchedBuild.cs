using System.Globalization;
using Kleene.Build.Builder;
using Kleene.Build.Builder.Watching;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files.Watching;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Cli.Commands.Watching;

/// <summary><c>kleene build --watch</c>: builds, waits until something changes that the build reads, and builds again, until it is interrupted.</summary>
/// <param name="read">Reads the Kleenefile anew.</param>
/// <param name="request">What is to be built of it, but for its contexts.</param>
/// <param name="printer">Shows a build; null shows only what goes wrong.</param>
/// <param name="container">What runs the image; null when nobody asked for that.</param>
/// <param name="made">Told of every image.</param>
/// <param name="written">Files that a build writes itself.</param>
internal sealed class WatchedBuild(
    Terminal terminal,
    Composition kleene,
    Func<CancellationToken, Task<Kleenefile>> read,
    Func<Kleenefile, BuildRequest> request,
    Func<IBuildPrinter?> printer,
    SwappedContainer? container,
    Action<Image> made,
    IReadOnlySet<string> written)
{
    /// <summary>When nothing has happened for so long, whoever saves has saved. An editor moves the old file away, writes the new one and sets its mode within a few milliseconds.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(20);

    /// <summary>And so long is waited at most: a log in the context would otherwise keep a build away for ever.</summary>
    private static readonly TimeSpan LongestUnrest = TimeSpan.FromMilliseconds(500);

    private WatchedFiles files = WatchedFiles.None;
    private ContextReads? reads;
    private string root = "/";

    /// <summary>When the change was that a build is made for.</summary>
    private long? noticed;

    /// <returns>Never but by an interruption, which is how it is meant to end.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var watch = DirectoryWatch.Open();
        try
        {
            // What is wrong with the arguments would be wrong for ever; later on, files come and go.
            using (var first = await read(cancellationToken))
            {
                LookOutForFiles(watch, first);
            }

            IReadOnlyCollection<string> changed = [];
            while (true)
            {
                await BuildAsync(watch, changed, cancellationToken);
                changed = await NextAsync(watch, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        finally
        {
            await (container?.RemoveAsync() ?? Task.CompletedTask);
        }
    }

    private async Task BuildAsync(DirectoryWatch watch, IReadOnlyCollection<string> changed, CancellationToken cancellationToken)
    {
        var began = noticed ?? kleene.Clock.GetTimestamp();
        var whole = printer();
        var progress = new CycleProgress(terminal.Error, whole);
        string outcome;
        try
        {
            using var kleenefile = await read(cancellationToken);
            using var context = kleenefile.OpenContext(kleene.State.Contexts);
            var asked = request(kleenefile) with { Context = context, NamedContexts = kleenefile.Named.Open(kleene.State.Contexts) };
            LookOut(watch, kleenefile, asked);
            using (whole as IDisposable)
            {
                await foreach (var happened in kleene.Builder.BuildAsync(asked, cancellationToken))
                {
                    progress.Print(happened);
                }
            }

            outcome = progress.Image is { } image ? await SucceededAsync(image, progress, cancellationToken) : $"failed{After(container?.Describe())}";
        }
        catch (Exception exception) when (exception is KleeneException or IOException or UnauthorizedAccessException)
        {
            terminal.WriteError(exception.Message);
            outcome = $"failed{After(container?.Describe())}";
        }

        terminal.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{kleene.Clock.GetLocalNow():HH:mm:ss} {Words(changed)}: {outcome}; {kleene.Clock.GetElapsedTime(began).TotalMilliseconds:0} ms"));
    }

    private async Task<string> SucceededAsync(Image image, CycleProgress progress, CancellationToken cancellationToken)
    {
        made(image);
        var steps = progress.Ran == 0 ? "nothing to do" : string.Create(CultureInfo.InvariantCulture, $"{progress.Ran} of {progress.Ran + progress.Reused} steps ran");
        var swapped = container is null ? null : await container.SwapAsync(image, cancellationToken);
        return $"{steps}, image {image.Id}{After(swapped)}";
    }

    private static string After(string? words) => words is null ? "" : $"; {words}";

    /// <summary>Until it stays the same: what is made while somebody looks would not be watched.</summary>
    private void LookOut(DirectoryWatch watch, Kleenefile kleenefile, BuildRequest asked)
    {
        HashSet<string>? before = null;
        root = asked.Context?.Directory ?? "/";
        while (true)
        {
            // Without a plan it is the Kleenefile that has to change, or what it read when there was one.
            reads = kleene.Builder.FindReads(asked) ?? reads;
            files = WatchedFiles.Of(kleenefile);
            var directories = files.Directories.Concat(reads?.Directories ?? []).ToHashSet(StringComparer.Ordinal);
            watch.Watch(directories);
            if (before is not null && before.SetEquals(directories))
            {
                return;
            }

            before = directories;
        }
    }

    private void LookOutForFiles(DirectoryWatch watch, Kleenefile kleenefile)
    {
        files = WatchedFiles.Of(kleenefile);
        watch.Watch(files.Directories);
    }

    /// <summary>Waits until something changes, and then until it is quiet.</summary>
    /// <returns>What it was, as people call it.</returns>
    private async Task<IReadOnlyCollection<string>> NextAsync(DirectoryWatch watch, CancellationToken cancellationToken)
    {
        var changed = new SortedSet<string>(StringComparer.Ordinal);
        while (changed.Count == 0)
        {
            Take(await watch.Changes.ReadAsync(cancellationToken));
        }

        var first = kleene.Clock.GetTimestamp();
        noticed = first;
        while (kleene.Clock.GetElapsedTime(first) < LongestUnrest)
        {
            using var enough = new CancellationTokenSource(Quiet, kleene.Clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(enough.Token, cancellationToken);
            try
            {
                Take(await watch.Changes.ReadAsync(either.Token));
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                break;
            }
        }

        return changed;

        void Take(DirectoryChange change)
        {
            if (change.Name is null)
            {
                changed.Add("much");
            }
            else if ((files.Concern(change.Directory, change.Name) || reads?.Concern(change.Directory, change.Name) == true) && !written.Contains(Path.Join(change.Directory, change.Name)))
            {
                changed.Add(Shown(Path.Join(change.Directory, change.Name)));
            }
        }
    }

    private string Shown(string path) => path.StartsWith($"{root}/", StringComparison.Ordinal) ? path[(root.Length + 1)..] : path;

    private static string Words(IReadOnlyCollection<string> changed) => changed.Count switch
    {
        0 => "begin",
        1 => $"{VisibleText.InOneLine(changed.First())} changed",
        _ => string.Create(CultureInfo.InvariantCulture, $"{VisibleText.InOneLine(changed.First())} and {changed.Count - 1} more changed"),
    };
}
