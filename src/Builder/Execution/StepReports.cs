using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Builder.Execution;

/// <summary>
/// Brings what a failed command was to report out of its tree, under the same paths. Only directories and what is in files: neither links, devices,
/// owners nor rights of a tree that strangers may have filled mean anything on the host.
/// </summary>
internal static class StepReports
{
    private const int BufferSize = 128 * 1024;

    /// <param name="tree">The files as they were when the command failed.</param>
    /// <param name="directory">On the host; made when it is missing. What is in it stays, unless a report has its path.</param>
    /// <param name="output">Told of what cannot be brought out: the failure of the command is the one that counts.</param>
    public static void BringOut(BuildStep.Run step, string tree, string directory, IOutputSink output, CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(directory);
            using var source = RootedDirectory.Open(tree);
            using var target = RootedDirectory.Open(directory);
            foreach (var path in step.Reports)
            {
                if (source.TryStat(path, followLink: true) is null)
                {
                    output.WriteLine(OutputKind.Error, $"the report '{path}' is not there");
                    continue;
                }

                Copy(source, source.RealPath(path), target, ((UnixPath)path.TrimStart('/')), cancellationToken);
            }
        }
        catch (Exception exception) when (exception is KleeneException or IOException or UnauthorizedAccessException)
        {
            output.WriteLine(OutputKind.Error, $"the reports cannot be brought to '{directory}': {exception.Message}");
        }
    }

    private static void Copy(RootedDirectory source, UnixPath path, RootedDirectory target, UnixPath place, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        switch (source.TryStat(path, followLink: false))
        {
            case { IsDirectory: true }:
                target.CreateDirectories(place, PermissionBits.Directory, FileOwner.Root);
                foreach (var name in source.List(path))
                {
                    Copy(source, path / name, target, place / name, cancellationToken);
                }

                break;
            case { Kind: FileKind.Regular }:
                target.CreateDirectories(place.Parent, PermissionBits.Directory, FileOwner.Root);
                target.Remove(place);
                using (var from = new FileStream(source.OpenRead(path), FileAccess.Read, BufferSize))
                using (var to = new FileStream(target.CreateFile(place, PermissionBits.File, FileOwner.Root), FileAccess.Write, BufferSize))
                {
                    from.CopyTo(to);
                }

                break;
        }
    }
}
