using System.Globalization;
using System.Text;

namespace Kleene.Build.Runtime.Files;

/// <summary>Finds the numbers of an owner who is given by name in a tree's own <c>/etc/passwd</c> and <c>/etc/group</c> (passwd(5), group(5)), never the host's.</summary>
public static class OwnerNames
{
    /// <param name="owner">
    /// <c>user[:group]</c>, names or numbers; a number is taken as it is, and <c>root</c> is 0 also
    /// where there is no file. Without a group a name brings that of its line in
    /// <c>/etc/passwd</c>, and a number itself: what BuildKit does.
    /// </param>
    /// <exception cref="KleeneException">The tree has no such user or group.</exception>
    public static FileOwner Resolve(RootedDirectory tree, string owner) => Find(tree, owner, out var problem) ?? throw new KleeneException(problem);

    /// <summary>The same; null where the tree has no such user or group.</summary>
    public static FileOwner? TryResolve(RootedDirectory tree, string owner) => Find(tree, owner, out _);

    private static FileOwner? Find(RootedDirectory tree, string owner, out string problem)
    {
        var (user, group) = owner.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0 ? (owner[..colon], owner[(colon + 1)..]) : (owner, "");
        problem = "";
        var found = user.Length == 0 ? new FileOwner(0, 0) : Find(tree, "user", user, "/etc/passwd", out problem);
        return found is not { } who || group.Length == 0
            ? found
            : Find(tree, "group", group, "/etc/group", out problem) is { } which ? who with { Group = which.User } : null;
    }

    /// <summary>The two numbers of a line: of a user, its own and its group's; of a group, its own.</summary>
    private static FileOwner? Find(RootedDirectory tree, string what, string name, string file, out string problem)
    {
        problem = "";
        if ((name == "root" ? 0 : Number(name)) is { } given)
        {
            return new FileOwner(given, given);
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
                return new FileOwner(id, rest is [var group, ..] && Number(group) is { } own ? own : id);
            }

            known.Add(found);
        }

        var nearest = Suggestion.Nearest(name, known);
        problem = $"the {what} '{name}' is not in {file} of the image{(nearest is null ? "; give a number" : $"; did you mean '{nearest}'?")}";
        return null;
    }

    private static IEnumerable<string> Lines(RootedDirectory tree, string file) =>
        tree.TryStat(file, followLink: true) is { Kind: FileKind.Regular }
            ? Encoding.UTF8.GetString(tree.ReadAllBytes(file)).Split('\n').Select(line => line.TrimEnd('\r'))
            : [];

    private static uint? Number(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number != uint.MaxValue ? number : null;
}
