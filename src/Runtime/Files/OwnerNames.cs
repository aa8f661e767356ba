using System.Globalization;
using System.Text;

namespace Kleene.Build.Runtime.Files;

/// <summary>Finds the numbers of an owner who is given by name in a tree's own <c>/etc/passwd</c> and <c>/etc/group</c> (passwd(5), group(5)), never the host's.</summary>
public static class OwnerNames
{
    /// <param name="owner">
    /// <c>user[:group]</c>, names or numbers; a number is taken as it is, and <c>root</c> is 0 also where there is no file. Without a
    /// group, a name has the group that the file gives it, and a number the group of the same number. So do BuildKit and buildah;
    /// Docker's reference says the latter of both.
    /// </param>
    /// <exception cref="KleeneException">The tree has no such user or group.</exception>
    public static FileOwner Resolve(RootedDirectory tree, string owner)
    {
        var (user, group) = owner.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0 ? (owner[..colon], owner[(colon + 1)..]) : (owner, "");
        var (userId, ownGroup) = user.Length == 0 ? (0, 0) : Find(tree, "user", user, "/etc/passwd");
        return new FileOwner(userId, group.Length == 0 ? ownGroup : Find(tree, "group", group, "/etc/group").Id);
    }

    /// <returns>The number, and for a user that of its group.</returns>
    private static (uint Id, uint Group) Find(RootedDirectory tree, string what, string name, string file)
    {
        if ((name == "root" ? 0 : Number(name)) is { } given)
        {
            return (given, given);
        }

        var known = new List<string>();
        foreach (var line in Lines(tree, file))
        {
            // Both files begin with the name, a password and the number. Broken lines are passed over, as the C library does.
            if (line.Split(':') is not [{ Length: > 0 } found, _, var number, .. var rest] || Number(number) is not { } id)
            {
                continue;
            }

            if (found == name)
            {
                return (id, rest is [var group, ..] && Number(group) is { } own ? own : id);
            }

            known.Add(found);
        }

        var nearest = Suggestion.Nearest(name, known);
        throw new KleeneException($"the {what} '{name}' is not in {file} of the image{(nearest is null ? "; give a number" : $"; did you mean '{nearest}'?")}");
    }

    private static IEnumerable<string> Lines(RootedDirectory tree, string file) =>
        tree.TryStat(file, followLink: true) is { Kind: FileKind.Regular }
            ? Encoding.UTF8.GetString(tree.ReadAllBytes(file)).Split('\n').Select(line => line.TrimEnd('\r'))
            : [];

    private static uint? Number(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number != uint.MaxValue ? number : null;
}
