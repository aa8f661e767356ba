using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using Kleene.Build.Builder.Events;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Agents;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution.Mounting;

/// <summary>Gets a command what its <c>--mount</c> flags ask for: trees, caches, memory, secrets and agents.</summary>
internal sealed class StepMounter(SnapshotCatalog snapshots, CacheMounter caches, MountTrees trees, ContextMounts context, BuildRequest request)
{
    /// <summary>0400 and 0600.</summary>
    private const uint SecretPermissions = 0x100;
    private const uint AgentPermissions = 0x180;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="KleeneException">Something is missing, which the message names.</exception>
    public async Task<StepMounts> MountAsync(BuildStep.Run step, StepPlace place, StepOrigins origins, IOutputSink output, CancellationToken cancellationToken)
    {
        var mounts = new StepMounts();
        try
        {
            mounts.Mounts.AddRange(request.Mounts);
            await caches.MountAsync(step.Mounts.OfType<RunMount.Cache>(), mount => SourceOf(mount, place, origins), mounts, output, cancellationToken);
            foreach (var mount in step.Mounts)
            {
                await MountAsync(mount, step, place, origins, mounts, cancellationToken);
            }

            // Those above come first, or they would cover those below.
            var ordered = mounts.Mounts.OrderBy(mount => mount.Destination.Count(c => c == '/')).ToList();
            mounts.Mounts.Clear();
            mounts.Mounts.AddRange(ordered);
            return mounts;
        }
        catch
        {
            await mounts.DisposeAsync();
            throw;
        }
    }

    private async Task MountAsync(RunMount mount, BuildStep.Run step, StepPlace place, StepOrigins origins, StepMounts mounts, CancellationToken cancellationToken)
    {
        switch (mount)
        {
            case RunMount.Bind bind:
                mounts.Mounts.Add(await BindAsync(bind, step, SourceOf(bind, place, origins), mounts, cancellationToken));
                break;
            case RunMount.Tmpfs tmpfs:
                mounts.Mounts.Add(JailMount.Memory(tmpfs.Target, tmpfs.SizeBytes) with { ReadOnly = tmpfs.IsReadOnly });
                break;
            case RunMount.Secret secret:
                AddSecret(secret, mounts);
                break;
            case RunMount.Ssh ssh:
                await AddAgentAsync(ssh, mounts, cancellationToken);
                break;
            case RunMount.Cache:
                break;
            default:
                throw new UnreachableException();
        }
    }

    private MountSource SourceOf(RunMount mount, StepPlace place, StepOrigins origins) => mount.Origin switch
    {
        TreeOrigin.Context or TreeOrigin.Named => context[place, mount],
        TreeOrigin.Stage stage => TreeOf(origins[stage], $"stage '{stage.Index}'"),
        TreeOrigin.Image image => TreeOf(origins[image], $"image '{image.Reference}'"),
        _ => throw new UnreachableException(),
    };

    private static MountSource.Tree TreeOf(OriginTree tree, string description) => new(tree.Snapshot, tree.Key, description);

    private async Task<JailMount> BindAsync(RunMount.Bind mount, BuildStep.Run step, MountSource source, StepMounts mounts, CancellationToken cancellationToken)
    {
        var below = step.Mounts.Where(other => other != mount && other.Target.StartsWith(mount.Target + "/", StringComparison.Ordinal)).ToList();
        if (!mount.IsWritable && below.Count == 0)
        {
            var shared = await trees.ShareAsync(source, cancellationToken);
            return new JailMount(MountTrees.Find(shared, source, mount.Source), mount.Target, ReadOnly: true);
        }

        var own = await trees.MakeAsync(source, cancellationToken);
        mounts.Hold(own);
        var path = MountTrees.Find(own.Path, source, mount.Source);
        MakeMountPoints(path, mount.Target, below);
        return new JailMount(path, mount.Target, ReadOnly: !mount.IsWritable);
    }

    /// <summary>What is mounted below something read-only needs its place there beforehand.</summary>
    private static void MakeMountPoints(string path, string target, IEnumerable<RunMount> below)
    {
        if (!Directory.Exists(path))
        {
            return;
        }

        using var root = RootedDirectory.Open(path);
        foreach (var mount in below)
        {
            UnixPath place = mount.Target[(target.Length + 1)..];
            var isFile = mount is RunMount.Secret or RunMount.Ssh;
            root.CreateDirectories(isFile ? place.Parent : place, PermissionBits.Directory, FileOwner.Root);
            if (isFile && root.TryStat(place, followLink: true) is null)
            {
                root.CreateFile(place, PermissionBits.File, FileOwner.Root).Dispose();
            }
        }
    }

    private void AddSecret(RunMount.Secret mount, StepMounts mounts)
    {
        if (request.Secrets.Find(mount.Id) is not { Missing: null } secret)
        {
            if (mount.IsRequired)
            {
                var reason = request.Secrets.Find(mount.Id)?.Missing is { } missing ? $": {missing}" : $"; give it with --secret id={mount.Id},src=FILE or --secret id={mount.Id},env=VARIABLE";
                throw new KleeneException($"the command needs the secret '{mount.Id}', which it was not given{reason}");
            }

            return;
        }

        if (mount.Variable.Length > 0)
        {
            mounts.SecretEnvironment.Add($"{mount.Variable}={TextOf(secret)}");
        }

        if (mount.Target.Length > 0)
        {
            mounts.Files.Add(new JailFile(mount.Target, secret.Value, mount.Access.Mode ?? SecretPermissions, OwnerOf(mount.Access)));
        }
    }

    /// <summary>An environment is text without a NUL in it (environ(7)).</summary>
    private static string TextOf(BuildSecret secret)
    {
        try
        {
            var text = Strict.GetString(secret.Value.Span);
            return text.Contains('\0', StringComparison.Ordinal) ? throw new DecoderFallbackException() : text;
        }
        catch (DecoderFallbackException)
        {
            throw new KleeneException($"the secret '{secret.Id}' is not text, so it cannot be a variable; leave 'env' out and read it as a file");
        }
    }

    private async Task AddAgentAsync(RunMount.Ssh mount, StepMounts mounts, CancellationToken cancellationToken)
    {
        if (request.Agents.Find(mount.Id) is not { } agent)
        {
            if (mount.IsRequired)
            {
                throw new KleeneException($"the command needs the SSH agent '{mount.Id}', which it was not given; give it with --ssh {mount.Id} or --ssh {mount.Id}=SOCKET");
            }

            return;
        }

        // In a workspace, so that the socket goes when this process is killed.
        var place = await snapshots.DraftAsync(null, WorkspaceUse.BuildStep, cancellationToken);
        mounts.Hold(place);
        var relay = AgentRelay.Start(place.Path, agent, mount.Access.Mode ?? AgentPermissions, OwnerOf(mount.Access));
        mounts.Hold(relay);
        mounts.Mounts.Add(new JailMount(relay.Path, mount.Target));
        if (mounts.Environment.Count == 0)
        {
            mounts.Environment.Add($"{SshAgents.Variable}={mount.Target}");
        }
    }

    private static FileOwner OwnerOf(MountAccess access) => new(access.User ?? 0, access.Group ?? 0);
}
