using System.Globalization;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Testing.FreeBsd;

/// <summary>Mounts, interfaces and the packet filter.</summary>
public sealed partial class FreeBsdMachine
{
    /// <summary>01 and 12: a host behind one router.</summary>
    private const string Routes =
        """{"statistics": {"route-information": {"route-table": {"rt-family": [{"address-family":"Internet", "rt-entry": [{"destination":"default","gateway":"10.0.2.2","flags":"UGS", "flags_pretty": ["up","gateway","static"],"weight":1,"interface-name":"vtnet0"}, {"destination":"10.0.2.0/24","gateway":"link#1","flags":"U", "flags_pretty": ["up"],"weight":1,"interface-name":"vtnet0"}, {"destination":"127.0.0.1","gateway":"link#2","flags":"UH", "flags_pretty": ["up","host"],"weight":1,"interface-name":"lo0"}]}]}}}}""";

    private List<Mounted> mounts = [];
    private Dictionary<string, Link> interfaces = new(StringComparer.Ordinal);

    internal sealed record Mounted(string Source, string Node, string Type);

    internal sealed class Link
    {
        public string Jail { get; set; } = "";

        public HashSet<string> Groups { get; init; } = new(StringComparer.Ordinal);

        public Link Clone() => new() { Jail = Jail, Groups = [.. Groups] };
    }

    private ProcessResult Mount(string program, string[] words)
    {
        switch (words)
        {
            case ["--libxo", "json"]:
                var entries = datasets.Where(dataset => dataset.Value.IsMounted).Select(dataset => new Mounted(dataset.Key, dataset.Value.MountPoint, "zfs")).Concat(mounts)
                    .Select(mount => $$"""{"special":"{{mount.Source}}","node":"{{mount.Node}}","fstype":"{{mount.Type}}", "opts": ["local"]}""");
                return Done($$$"""{"mount": {"mounted": [{{{string.Join(", ", entries)}}}]}}""" + "\n");
            case ["-t", "tmpfs", "-o", _, "tmpfs", var node]:
                mounts.Add(new Mounted("tmpfs", node, "tmpfs"));
                return Done();
            case [.., var source, var node] when program.EndsWith("mount_nullfs", StringComparison.Ordinal):
                // Linux has no /rescue, and need not have.
                if (source != "/rescue" && !Path.Exists(source))
                {
                    return Failed($"mount_nullfs: {source}: No such file or directory", 64);
                }

                if (!Path.Exists(node))
                {
                    return Failed($"mount_nullfs: {node}: No such file or directory", 64);
                }

                mounts.Add(new Mounted(source, node, "nullfs"));
                return Done();
            default:
                throw new InvalidOperationException($"{program} {string.Join(' ', words)}: nobody has said what it does");
        }
    }

    private ProcessResult Unmount(string[] words)
    {
        var last = mounts.FindLastIndex(mount => mount.Node == words[0]);
        if (last < 0)
        {
            return Failed($"umount: {words[0]}: not a file system root directory");
        }

        if (mounts.Any(mount => mount.Node != words[0] && IsIn(mount.Node, words[0])))
        {
            return Failed($"umount: unmount of {words[0]} failed: Device busy");
        }

        mounts.RemoveAt(last);
        return Done();
    }

    private ProcessResult Interface(string[] words, string jail)
    {
        switch (words)
        {
            case ["-g", var group]:
                return Done(string.Concat(interfaces.Where(entry => entry.Value.Jail == jail && entry.Value.Groups.Contains(group)).Select(entry => $"{entry.Key}\n")));
            case ["epair", "create", .. var groups]:
                var unit = Enumerable.Range(0, int.MaxValue).First(number => !interfaces.ContainsKey(string.Create(CultureInfo.InvariantCulture, $"epair{number}a")));
                var name = string.Create(CultureInfo.InvariantCulture, $"epair{unit}");
                Add($"{name}a", groups);
                Add($"{name}b", []);
                return Done($"{name}a\n");
            case [var cloner, "create", "name", var wished, .. var groups]:
                if (interfaces.ContainsKey(wished))
                {
                    interfaces[$"{cloner}9"] = new Link();
                    return Failed("ifconfig: ioctl SIOCSIFNAME (set name): File exists", output: $"{cloner}9\n");
                }

                Add(wished, groups);
                return Done($"{wished}\n");
            case [var gone, "destroy"]:
                if (!interfaces.Remove(gone))
                {
                    return Failed($"ifconfig: interface {gone} does not exist");
                }

                if (gone.StartsWith("epair", StringComparison.Ordinal))
                {
                    interfaces.Remove(gone[..^1] + (gone.EndsWith('a') ? 'b' : 'a'));
                }

                return Done();
            case ["lo0", ..]:
                return Done();
            case [var known, ..] when !interfaces.TryGetValue(known, out var link) || link.Jail != jail:
                return Failed($"ifconfig: interface {known} does not exist");
            case [var moved, "vnet", var into]:
                if (!jails.ContainsKey(into))
                {
                    return Failed($"ifconfig: jail \"{into}\" not found");
                }

                interfaces[moved].Jail = into;
                return Done();
            default:
                return Done();
        }

        void Add(string name, string[] words)
        {
            interfaces[name] = new Link { Jail = jail };
            interfaces[name].Groups.UnionWith(words.Where((word, index) => index % 2 == 1 && words[index - 1] == "group"));
        }
    }

    private static ProcessResult PacketFilter(CommandLine command)
    {
        switch ((string[])[.. command.Arguments])
        {
            case ["-a", _, "-f", "-"]:
                return Done();
            case ["-si"]:
                return Done("Status: Enabled for 0 days 00:00:12           Debug: Urgent\n");
            case ["-sn"]:
                return Done("nat-anchor \"kleene/*\" all\nrdr-anchor \"kleene/*\" all\n");
            case ["-sr"]:
                return Done("anchor \"kleene/*\" all\n");
            default:
                throw new InvalidOperationException($"{command}: nobody has said what it does");
        }
    }
}
