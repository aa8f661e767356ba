using System.CommandLine;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene cp</c>: files into, out of and between containers, running or not.</summary>
internal static class CopyCommand
{
    private const string StandardStream = "-";
    private const int BufferSize = 1 << 20;

    public static Command Create(string name, Verb verb)
    {
        var from = new Argument<string>("SRC") { Description = "CONTAINER:PATH, a path of the host, or '-' for a tar archive on the standard input" };
        var to = new Argument<string>("DST") { Description = "CONTAINER:PATH, a path of the host, or '-' for a tar archive on the standard output" };
        var archive = new Option<bool>("--archive", "-a") { Description = "keep owners; files belong to 0:0 otherwise" };
        var follow = new Option<bool>("--follow-link", "-L") { Description = "copy what a link at SRC leads to" };
        var command = new Command(name) { from, to, archive, follow };
        verb.Does(command, async (context, cancellationToken) =>
        {
            var (source, target) = (CopyEnd.Parse(context.Get(from)), CopyEnd.Parse(context.Get(to)));
            var rule = new CopyRule(context.Get(archive), context.Get(follow));
            if (source.Container is null && target.Container is null)
            {
                throw new UsageException("neither SRC nor DST is in a container; write it as CONTAINER:PATH");
            }

            if (target.IsStream && context.Terminal.OutputIsTerminal)
            {
                throw new UsageException("an archive is nothing for a terminal; send it into a file or program");
            }

            if (source.IsStream && context.Terminal.InputIsTerminal)
            {
                throw new UsageException("an archive is nothing that a terminal has; send it from a file or program");
            }

            using var kleene = await context.OpenAsync(cancellationToken);
            await using var trees = new OpenedTrees(kleene);
            rule = rule with { SourceUsers = await trees.UsersOfAsync(source, cancellationToken), TargetUsers = await trees.UsersOfAsync(target, cancellationToken) };
            trees.RefuseMapped(target, rule.TargetUsers);
            if (target.IsStream)
            {
                await using var output = new BufferedStream(Console.OpenStandardOutput(), BufferSize);
                await PathCopier.PackAsync(await trees.OpenAsync(source, cancellationToken), source.Path, output, rule, cancellationToken);
            }
            else if (source.IsStream)
            {
                var lost = await PathCopier.UnpackAsync(Console.OpenStandardInput(), await trees.OpenAsync(target, cancellationToken), target.Path, rule, cancellationToken);
                if (lost > 0)
                {
                    context.Terminal.Error.WriteLine($"warning: {lost} extended attributes were lost, which the file system of the store does not have");
                }
            }
            else
            {
                await PathCopier.CopyAsync(
                    await trees.OpenAsync(source, cancellationToken), source.Path, await trees.OpenAsync(target, cancellationToken), target.Path, rule, cancellationToken);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>One side of the copy.</summary>
    /// <param name="Container">Null for the host.</param>
    /// <param name="Path">Absolute, with what stands at its end.</param>
    private sealed record CopyEnd(string? Container, string Path, bool IsStream)
    {
        /// <summary>A path that begins with '/' or '.' is the host's, whatever colons are in it.</summary>
        public static CopyEnd Parse(string text)
        {
            if (text == StandardStream)
            {
                return new CopyEnd(null, "", IsStream: true);
            }

            var colon = text.IndexOf(':', StringComparison.Ordinal);
            if (text.StartsWith('/') || text.StartsWith('.') || colon < 0)
            {
                return text.Length > 0 ? new CopyEnd(null, System.IO.Path.Join(text.StartsWith('/') ? "" : Environment.CurrentDirectory, text), IsStream: false)
                    : throw new UsageException("there is nothing to copy in an empty path");
            }

            return colon > 0 && colon < text.Length - 1
                ? new CopyEnd(text[..colon], text[colon + 1] == '/' ? text[(colon + 1)..] : "/" + text[(colon + 1)..], IsStream: false)
                : throw new UsageException($"'{text}' is not a place in a container; write CONTAINER:PATH, or ./ before a name of the host that has a ':' in it");
        }
    }

    /// <summary>The trees of both ends; that of a container only once.</summary>
    private sealed class OpenedTrees(Composition kleene) : IAsyncDisposable
    {
        private readonly Dictionary<string, (ContainerTree Tree, RootedDirectory Files)> opened = [];
        private readonly Lazy<RootedDirectory> host = new(() => RootedDirectory.Open("/"));

        /// <summary>Whose ids the files of an end show as their owners; null on the host.</summary>
        public async Task<UserRange?> UsersOfAsync(CopyEnd end, CancellationToken cancellationToken)
        {
            if (end.Container is null)
            {
                return null;
            }

            await OpenAsync(end, cancellationToken);
            return opened[kleene.Containers.Find(end.Container).Name].Tree.ShownUsers;
        }

        /// <summary>A volume is mapped for the container alone: what is written to it from here would be nobody's there.</summary>
        public void RefuseMapped(CopyEnd end, UserRange? users)
        {
            if (users is null || end.Container is null)
            {
                return;
            }

            var container = kleene.Containers.Find(end.Container);
            if (container.Spec.Mounts.FirstOrDefault(mount => (mount.Volume.Length > 0 || mount.MapsOwners) && IsIn(Path.GetFullPath(end.Path), mount)) is { } volume)
            {
                throw new KleeneException(
                    $"'{volume.Destination}' is a volume of container '{container.Name}', which runs with users of its own; stop it first, or use 'kleene exec -i {container.Name} tar -x -C {volume.Destination}'");
            }
        }

        public async Task<RootedDirectory> OpenAsync(CopyEnd end, CancellationToken cancellationToken)
        {
            if (end.Container is null)
            {
                return host.Value;
            }

            var container = kleene.Containers.Find(end.Container);
            var path = Path.GetFullPath(end.Path);
            if (container.Spec.Mounts.FirstOrDefault(mount => mount.IsMemory && IsIn(path, mount)) is { } memory)
            {
                throw new KleeneException($"'{memory.Destination}' is memory of container '{container.Name}', which only its own processes see; use 'kleene exec {container.Name}'");
            }

            if (!opened.TryGetValue(container.Name, out var known))
            {
                var tree = await kleene.Trees.OpenAsync(container, cancellationToken);
                opened.Add(container.Name, known = (tree, null!));
                opened[container.Name] = known = (tree, await tree.OpenFilesAsync(cancellationToken));
            }

            return known.Files;
        }

        private static bool IsIn(string path, JailMount mount) =>
            (path + "/").StartsWith(Path.GetFullPath(mount.Destination).TrimEnd('/') + "/", StringComparison.Ordinal);

        public async ValueTask DisposeAsync()
        {
            foreach (var (tree, _) in opened.Values)
            {
                await tree.DisposeAsync();
            }

            if (host.IsValueCreated)
            {
                host.Value.Dispose();
            }
        }
    }
}
