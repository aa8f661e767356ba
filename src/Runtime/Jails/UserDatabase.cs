using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Jails;

/// <summary>The users and groups of a tree: its own <c>/etc/passwd</c> and <c>/etc/group</c> (passwd(5), group(5)), never the host's.</summary>
internal sealed class UserDatabase
{
    private const int LargestFile = 16 * 1024 * 1024;
    private const string HomeOfNobody = "/";

    private readonly ImmutableArray<Account> accounts;
    private readonly ImmutableArray<Group> groups;

    private UserDatabase(ImmutableArray<Account> accounts, ImmutableArray<Group> groups)
    {
        this.accounts = accounts;
        this.groups = groups;
    }

    public static UserDatabase Read(RootedDirectory tree) => Parse(Text(tree, "/etc/passwd"), Text(tree, "/etc/group"));

    /// <summary>Lines that do not have the fields they need are passed over, as the C library does.</summary>
    public static UserDatabase Parse(string passwd, string group) =>
        new([.. Lines(passwd).Select(Account.Parse).OfType<Account>()], [.. Lines(group).Select(Group.Parse).OfType<Group>()]);

    /// <param name="user"><c>user[:group]</c>, names or numbers; a name that consists of digits wins over the number. Empty is the superuser.</param>
    /// <exception cref="JailStartException">The tree has no such user or group.</exception>
    public JailUser Resolve(string user)
    {
        var (userName, groupName) = user.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0 ? (user[..colon], user[(colon + 1)..]) : (user, "");
        var account = FindAccount(userName.Length == 0 ? "0" : userName);
        if (groupName.Length > 0)
        {
            // Who asks for a group gets that one and no others.
            return new JailUser(account.UserId, FindGroup(groupName), [], account.Home);
        }

        var additional = groups.Where(group => group.Members.Contains(account.Name) && account.Name.Length > 0).Select(group => group.Id);
        return new JailUser(account.UserId, account.GroupId, [.. additional.Distinct().Where(id => id != account.GroupId)], account.Home);
    }

    /// <summary>The same, who belongs to further groups as well.</summary>
    public JailUser Resolve(JailProcess process)
    {
        var user = Resolve(process.User);
        return process.Groups.IsEmpty ? user : user with { AdditionalGroups = [.. user.AdditionalGroups.Concat(process.Groups.Select(FindGroup)).Distinct()] };
    }

    /// <summary>The first name of a user; null when he has none.</summary>
    public string? NameOf(uint id) => accounts.FirstOrDefault(account => account.UserId == id)?.Name;

    private Account FindAccount(string name)
    {
        var number = Number(name);
        return accounts.FirstOrDefault(account => account.Name == name)
            ?? accounts.FirstOrDefault(account => account.UserId == number)
            ?? (number is { } id
                ? new Account("", id, 0, HomeOfNobody)
                : throw Unknown("user", name, "/etc/passwd", accounts.Select(account => account.Name)));
    }

    private uint FindGroup(string name) =>
        groups.FirstOrDefault(group => group.Name == name)?.Id
        ?? Number(name)
        ?? throw Unknown("group", name, "/etc/group", groups.Select(group => group.Name));

    private static JailStartException Unknown(string what, string name, string file, IEnumerable<string> names) =>
        new(JailStartFailure.Jail, $"the {what} '{name}' is not in {file} of the image{Suggestion.Hint(name, names)}");

    private static uint? Number(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static IEnumerable<string> Lines(string text) => text.Split('\n').Select(line => line.TrimEnd('\r'));

    private static string Text(RootedDirectory tree, string path) =>
        tree.TryReadStart(path, LargestFile) is { } bytes ? Encoding.UTF8.GetString(bytes) : "";

    private sealed record Account(string Name, uint UserId, uint GroupId, string Home)
    {
        public static Account? Parse(string line) =>
            line.Split(':') is [{ Length: > 0 } name, _, var user, var group, _, var home, ..] && Number(user) is { } userId && Number(group) is { } groupId
                ? new Account(name, userId, groupId, home.Length == 0 ? HomeOfNobody : home)
                : null;
    }

    private sealed record Group(string Name, uint Id, ImmutableArray<string> Members)
    {
        public static Group? Parse(string line) =>
            line.Split(':') is [{ Length: > 0 } name, _, var number, .. var rest] && Number(number) is { } id
                ? new Group(name, id, [.. rest.Take(1).SelectMany(members => members.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))])
                : null;
    }
}
