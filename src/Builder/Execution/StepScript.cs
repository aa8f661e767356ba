using System.Collections.Immutable;
using System.Text;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution;

/// <summary>
/// The program that a RUN is given by a heredoc, as a file that only its jail sees. It lies in a workspace of its own, which is
/// never published: outside the step's tree, so that no snapshot has a trace of it, and swept up if this process is killed.
/// </summary>
internal sealed class StepScript : IAsyncDisposable
{
    private static readonly UnixPath Folder = "script";

    private readonly SnapshotDraft? workspace;

    private StepScript(SnapshotDraft? workspace, ImmutableArray<JailMount> mounts)
    {
        this.workspace = workspace;
        Mounts = mounts;
    }

    /// <summary>What shows the file to the jail; empty when the step has none.</summary>
    public ImmutableArray<JailMount> Mounts { get; }

    public static async Task<StepScript> WriteAsync(BuildStep.Run step, SnapshotCatalog snapshots, CancellationToken cancellationToken)
    {
        if (step.Script is not { } content)
        {
            return new StepScript(null, []);
        }

        var workspace = await snapshots.DraftAsync(null, WorkspaceUse.BuildStep, cancellationToken);
        try
        {
            Write(workspace.Path, Folder / ((UnixPath)step.ScriptPath).Name, content);
            var mounted = Path.GetDirectoryName(step.ScriptPath) ?? throw new ArgumentException($"'{step.ScriptPath}' is not in a directory", nameof(step));
            return new StepScript(workspace, [new JailMount(Path.Join(workspace.Path, Folder.ToString()), mounted, ReadOnly: true)]);
        }
        catch
        {
            await workspace.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => workspace?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Whatever user the step has must be able to read and execute it.</summary>
    private static void Write(string tree, UnixPath path, string content)
    {
        using var root = RootedDirectory.Open(tree);
        root.CreateDirectories(path.Parent, PermissionBits.Directory, default);
        using var file = root.CreateFile(path, PermissionBits.Executable, default);
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(content), fileOffset: 0);
    }
}
