using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Volumes;

namespace Kleene.Build.Builder.Execution.Mounting;

/// <summary>
/// Which volume a cache mount is. The name says it all, so that a volume that was brought from another machine is found again;
/// labels are for people.
/// </summary>
internal static class CacheVolumes
{
    private const string Prefix = "cache-";
    private const int LongestReadable = 60;
    private const int HashLength = 8;

    /// <param name="mount">Whose id, namespace, first content and owner count: a directory that is made for another user is another cache.</param>
    /// <param name="origin">What identifies the tree of its first content; empty where it begins with nothing.</param>
    /// <param name="ordinal">From 1. Those that use a cache privately each have one of their own.</param>
    public static VolumeSpec SpecOf(RunMount.Cache mount, string origin, int ordinal)
    {
        var labels = NoLabels.Add(VolumeLabels.CacheId, mount.Id);
        return new VolumeSpec
        {
            Name = NameOf(mount, origin) + (ordinal == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $".p{ordinal}")),
            Labels = mount.Namespace.Length == 0 ? labels : labels.Add(VolumeLabels.CacheNamespace, mount.Namespace),
            Owner = new FileOwner(mount.Access.User ?? 0, mount.Access.Group ?? 0),
            Permissions = mount.Access.Mode ?? PermissionBits.Directory,
        };
    }

    private static ImmutableSortedDictionary<string, string> NoLabels { get; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// <c>cache-ID</c> where the id is a plain word and nothing else is said. Otherwise what can be read of it, and behind a dot, which no
    /// plain word has, the hash of all.
    /// </summary>
    private static string NameOf(RunMount.Cache mount, string origin)
    {
        var isPlain = mount.Id.All(IsPlain) && mount.Id.Length <= LongestReadable && mount.Namespace.Length == 0 && origin.Length == 0 && mount.Access == MountAccess.Unsaid;
        if (isPlain)
        {
            return Prefix + mount.Id;
        }

        var path = mount.Namespace.Length == 0 ? mount.Id : $"{mount.Namespace}/{mount.Id}";
        var words = string.Concat(path.Select(c => IsPlain(c) ? c : '-')).Trim('-');
        string[] all = [mount.Namespace, mount.Id, origin, Text(mount.Access.Mode), Text(mount.Access.User), Text(mount.Access.Group)];
        var hash = Sha256Hasher.Hash(Encoding.UTF8.GetBytes(string.Join('\0', all))).Hex[..HashLength];
        return $"{Prefix}{words[..Math.Min(words.Length, LongestReadable)]}.{hash}";
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_';

    private static string Text(uint? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";
}
