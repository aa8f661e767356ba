using System.Diagnostics;
using Kleene.Build.Builder.Execution.Mounting;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Builder.Execution;

/// <summary>Notes what a command has beside its tree and the image's configuration, for whoever enters its step later.</summary>
internal static class StepEntries
{
    /// <summary>Null where there is nothing of the kind.</summary>
    public static StepEntry? Of(BuildStep step)
    {
        if (step is not BuildStep.Run run)
        {
            return null;
        }

        var known = run.Config.Env.ToHashSet(StringComparer.Ordinal);
        var entry = new StepEntry
        {
            Environment = [.. run.Environment.Where((text, i) => !known.Contains(text) && !IsDefault(run, i))],
            Mounts = [.. run.Mounts.Select(MountOf).OfType<StepEntryMount>()],
            Missing = [.. run.Mounts.Where(mount => MountOf(mount) is null).Select(TextOf)],
        };
        return entry.Environment.IsEmpty && run.Mounts.IsEmpty ? null : entry;
    }

    private static bool IsDefault(BuildStep.Run run, int index) => index < run.EnvironmentOrigins.Length && run.EnvironmentOrigins[index].Source == VariableSource.Default;

    /// <summary>Null for what only the build has. A cache that began with files of a tree is known by that tree, which is not said here.</summary>
    private static StepEntryMount? MountOf(RunMount mount) => mount switch
    {
        RunMount.Cache { From: null, Source: "." } cache => new StepEntryMount(CacheVolumes.SpecOf(cache, "", 1).Name, cache.Target, cache.IsReadOnly, null),
        RunMount.Tmpfs tmpfs => new StepEntryMount("", tmpfs.Target, tmpfs.IsReadOnly, tmpfs.SizeBytes),
        _ => null,
    };

    private static string TextOf(RunMount mount) => mount switch
    {
        RunMount.Bind => $"the files at {mount.Target}",
        RunMount.Cache => $"the cache at {mount.Target}",
        RunMount.Secret secret => $"the secret '{secret.Id}'",
        RunMount.Ssh ssh => $"the SSH agent '{ssh.Id}'",
        _ => throw new UnreachableException(),
    };
}
