using System.Text;
using Kleene.Build.Builder;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Cli.Commands;

/// <summary>
/// What <c>build --resume</c> goes on from: the files of the failed step as somebody has left them in a container. It also tells what is known of
/// how they came to be so, because the Kleenefile does not have it yet.
/// </summary>
internal sealed class ResumedBuild
{
    private const int LongestHistory = 256 * 1024;
    private const int MostChanges = 20;

    /// <summary>Where shells write down what was typed, by their usual settings.</summary>
    private static readonly string[] HistoryFiles = [".ash_history", ".bash_history", ".sh_history", ".zsh_history", ".history"];

    /// <summary>Commands that only look, or whose work is not in their words.</summary>
    private static readonly string[] Lookers =
        ["exit", "logout", "ls", "ll", "pwd", "cat", "less", "more", "head", "tail", "grep", "find", "env", "printenv", "id", "ps", "which", "type", "file", "stat", "df", "du", "history", "clear", "man", "vi", "vim", "nano"];

    private readonly Container container;
    private readonly IReadOnlyList<TreeChange> changes;
    private readonly IReadOnlyList<(string File, IReadOnlyList<string> Lines)> typed;

    private ResumedBuild(StepRepair repair, Container container, IReadOnlyList<TreeChange> changes, IReadOnlyList<(string, IReadOnlyList<string>)> typed)
    {
        Repair = repair;
        this.container = container;
        this.changes = changes;
        this.typed = typed;
    }

    public StepRepair Repair { get; }

    /// <param name="name">The image that could not be built.</param>
    /// <param name="reference">The container; null takes the newest that was made of the files of the failure.</param>
    /// <exception cref="KleeneException">There is no failure, or nobody has repaired it.</exception>
    public static async Task<ResumedBuild> OpenAsync(Composition kleene, ImageReference name, string? reference, CancellationToken cancellationToken)
    {
        var failed = $"{name.Name}:failed";
        if (kleene.Images.TryFind(failed) is not { } entry || kleene.Images.WithSteps(entry.Image).Steps is not [.., { State: ImageStepState.Failed, Snapshot: { } dirty } step])
        {
            throw new KleeneException($"there is no '{failed}@dirty' to go on from: no build of '{name.Name}' failed in a command, or its files were not kept");
        }

        var container = reference is null ? kleene.Containers.List().FirstOrDefault(other => other.Snapshot == dirty) : kleene.Containers.Find(reference);
        if (container is null || container.Snapshot != dirty)
        {
            throw new KleeneException(container is null
                ? $"nobody has repaired '{failed}@dirty'; do it in a container, without --rm: kleene run -it {failed}@dirty /bin/sh"
                : $"container '{container.Name}' was not made of '{failed}@dirty'; repair it in one that is: kleene run -it {failed}@dirty /bin/sh");
        }

        var (snapshot, key) = await CopyAsync(kleene, container, cancellationToken);
        try
        {
            var changes = await kleene.Snapshots.Store.CompareAsync(dirty, snapshot, shown: null, cancellationToken);
            var typed = await ReadHistoriesAsync(kleene, dirty, snapshot, cancellationToken);
            return new ResumedBuild(new StepRepair(step.Key, snapshot, key, container.Name), container, changes, typed);
        }
        catch
        {
            await kleene.Snapshots.RemoveUnusedAsync([snapshot], CancellationToken.None);
            throw;
        }
    }

    /// <summary>What the Kleenefile has to be told, and what cannot be known.</summary>
    public void Write(TextWriter writer)
    {
        writer.WriteLine($"The failed step was repaired by hand in container '{container.Name}'. The image has what was done there; its Kleenefile does not say it yet.");
        foreach (var (file, lines) in typed)
        {
            writer.WriteLine($"Typed there, by {file}, whether or not it worked:");
            foreach (var line in lines)
            {
                writer.WriteLine($"    {VisibleText.InOneLine(line)}");
            }

            if (lines.Where(DoesSomething).ToList() is [_, ..] doing)
            {
                writer.WriteLine("What of it did something, as a line of the Kleenefile, to be looked at first:");
                writer.WriteLine($"    RUN {string.Join(" && \\\n        ", doing.Select(VisibleText.InOneLine))}");
            }
        }

        if (typed.Count == 0)
        {
            writer.WriteLine("What was typed there is not known: no shell has left a history.");
        }

        var told = changes.Where(change => change.IsOwn && !HistoryFiles.Contains(change.Path.Name.ToString())).ToList();
        writer.WriteLine(told.Count == 0 ? "No file is other than when the step failed." : "Files that are other than when the step failed:");
        foreach (var change in told.Take(MostChanges))
        {
            writer.WriteLine($"    {change.Letter} {change.Path.ToDisplay()}");
        }

        if (told.Count > MostChanges)
        {
            writer.WriteLine($"    and {told.Count - MostChanges} more; 'kleene diff {container.Name}' has all");
        }
    }

    private static async Task<(SnapshotId Snapshot, string Key)> CopyAsync(Composition kleene, Container container, CancellationToken cancellationToken)
    {
        await using var tree = await kleene.Trees.OpenAsync(container, cancellationToken);
        return tree.IsRunning
            ? throw new KleeneException($"container '{container.Name}' is still running; end it first, with 'kleene stop {container.Name}'")
            : await kleene.Snapshots.CopyAsync(container.Id, container.Snapshot, cancellationToken);
    }

    private static async Task<List<(string, IReadOnlyList<string>)>> ReadHistoriesAsync(Composition kleene, SnapshotId before, SnapshotId after, CancellationToken cancellationToken)
    {
        await using var oldTree = await kleene.Snapshots.OpenAsync(before, cancellationToken);
        await using var newTree = await kleene.Snapshots.OpenAsync(after, cancellationToken);
        using var oldRoot = RootedDirectory.Open(oldTree.Path);
        using var newRoot = RootedDirectory.Open(newTree.Path);
        var found = new List<(string, IReadOnlyList<string>)>();
        foreach (var path in Homes(newRoot).SelectMany(home => HistoryFiles.Select(file => $"{home}/{file}")))
        {
            var lines = Lines(newRoot, path);
            var own = lines.Skip(lines.Zip(Lines(oldRoot, path)).TakeWhile(pair => pair.First == pair.Second).Count()).ToList();
            if (own.Count > 0)
            {
                found.Add((path, own));
            }
        }

        return found;
    }

    private static IEnumerable<string> Homes(RootedDirectory root) =>
        root.TryStat("home", followLink: false) is { IsDirectory: true } ? root.List("home").Select(name => $"/home/{name}").Prepend("/root") : ["/root"];

    private static string[] Lines(RootedDirectory root, string path) =>
        root.TryReadStart(path, LongestHistory) is { } content ? Encoding.UTF8.GetString(content).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : [];

    private static bool DoesSomething(string line) => !line.StartsWith('#') && !Lookers.Contains(line.Split(' ', 2)[0]);
}
