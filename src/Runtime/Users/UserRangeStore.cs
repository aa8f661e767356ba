using System.Globalization;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Users;

/// <summary>
/// Keeps which ids of the host are whose. They come from the ids that no user of the host and no other container manager has: 524288 to 1879048191
/// (systemd, "Users, Groups, UIDs and GIDs"), in pieces of 65536, less what /etc/subuid and /etc/subgid give away (subuid(5)).
/// </summary>
/// <param name="place">The directory of all our state: each begins elsewhere, so that two of them on one machine seldom meet.</param>
/// <param name="givenAway">Lines of subuid(5): <c>name:first:count</c>.</param>
public sealed class UserRangeStore(Database database, string place, Func<IEnumerable<string>> givenAway)
{
    private const uint First = 524_288;
    private const uint Pieces = 28_664;

    public UserRangeStore(Database database, string place)
        : this(database, place, () => Lines("/etc/subuid").Concat(Lines("/etc/subgid")))
    {
    }

    /// <summary>Takes a range for a container, with which it goes.</summary>
    /// <exception cref="KleeneException">There is none left.</exception>
    public UserRange Take(SnapshotId container)
    {
        var taken = database.Query("SELECT first FROM user_ranges", reader => (uint)reader.GetInt64(0)).ToHashSet();
        var others = givenAway().Select(Parse).OfType<(ulong First, ulong Count)>().ToList();
        var start = Convert.ToUInt32(Jails.Linux.JailStateDirectory.NameOf(place)[..6], 16) % Pieces;
        for (var i = 0u; i < Pieces; i++)
        {
            var first = First + ((start + i) % Pieces * UserRange.UsualCount);
            if (!taken.Contains(first) && !others.Exists(other => other.First < first + UserRange.UsualCount && first < other.First + other.Count))
            {
                database.Execute("INSERT INTO user_ranges (first, container) VALUES ($1, $2)", (long)first, container.ToString());
                return new UserRange(first, UserRange.UsualCount);
            }
        }

        throw new KleeneException($"all {Pieces} ranges of user ids are taken; remove containers that were made with '--userns=auto', or what '/etc/subuid' gives away above {First}");
    }

    private static IEnumerable<string> Lines(string path) => File.Exists(path) ? File.ReadLines(path) : [];

    private static (ulong First, ulong Count)? Parse(string line) =>
        line.Split(':') is [_, var first, var count]
        && ulong.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && ulong.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            ? (number, length)
            : null;
}
