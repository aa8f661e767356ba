using System.Globalization;
using System.Net;

namespace Kleene.Build.Runtime.Tests.Networks;

/// <summary>A packet of IPv4. Of a connection's first one pf makes a state; all others are of a state or of none.</summary>
internal sealed record PfPacket(string Protocol, string Source, int SourcePort, string Target, int TargetPort, bool IsFirst)
{
    public string Tag { get; init; } = "";

    public PfPacket Answer() => new(Protocol, Target, TargetPort, Source, SourcePort, IsFirst: Protocol != "tcp") { Tag = "" };
}

/// <summary>
/// What pf(4) does with packets, as far as our rules need it: translation by the first rule, filtering by the last or the first quick one, <c>flags S/SA</c>, and states that float
/// between interfaces but not between directions (pf.c, pf_find_state: a packet that comes in is looked up by the outer addresses, one that goes out by the inner ones in reverse).
/// Whether it is like pf is tried against what pf was seen to do.
/// </summary>
/// <param name="rules">Of pf.conf(5), without macros.</param>
/// <param name="groups">The groups of each interface.</param>
/// <param name="self">The host's addresses.</param>
/// <param name="outside">The address of the interface through which the host reaches the world.</param>
internal sealed class PfModel(string rules, IReadOnlyDictionary<string, string> groups, IReadOnlyCollection<string> self, string outside)
{
    private readonly List<Rule> all = [.. rules.Split('\n').Select(Rule.TryParse).OfType<Rule>()];
    private readonly Dictionary<(bool IsIn, string Key), State> states = [];
    private int nextPort = 50000;

    /// <summary>Lets a packet pass an interface; null: it is dropped.</summary>
    public PfPacket? Pass(string device, bool isIn, PfPacket packet)
    {
        if (states.TryGetValue((isIn, KeyOf(packet, isIn)), out var known))
        {
            return known.Translate(packet, isIn);
        }

        var translation = all.FirstOrDefault(rule => rule.Kind == (isIn ? "rdr" : "nat") && Matches(rule, device, packet));
        var changed = translation is null or { IsNo: true } ? packet
            : isIn ? packet with { Target = translation.To, TargetPort = translation.ToPort > 0 ? translation.ToPort : packet.TargetPort, Tag = translation.Tag.Length > 0 ? translation.Tag : packet.Tag }
            : packet with { Source = translation.To.StartsWith('(') ? outside : translation.To, SourcePort = packet.Protocol == "tcp" ? nextPort++ : packet.SourcePort };
        Rule? decides = null;
        foreach (var rule in all.Where(rule => rule.Kind is "pass" or "block" && (rule.Direction is null || rule.Direction == isIn) && Matches(rule, device, changed)))
        {
            if (rule.Kind == "pass" && packet is { Protocol: "tcp", IsFirst: false })
            {
                continue;
            }

            decides = rule;
            if (rule.IsQuick)
            {
                break;
            }
        }

        if (decides is { Kind: "block" })
        {
            return null;
        }

        if (decides is not null || !ReferenceEquals(changed, packet))
        {
            // What is inside and what is outside of the host: a packet that comes in has been outside as it came.
            var state = isIn ? new State(Outer: packet, Inner: changed, IsIn: true) : new State(Outer: changed, Inner: packet, IsIn: false);
            foreach (var side in new[] { true, false })
            {
                states[(side, KeyOf(side ? state.Outer : state.Inner, isIn))] = state;
            }
        }

        return changed;
    }

    /// <summary>Of a packet that comes in, from and to; of one that goes out, to and from.</summary>
    private static string KeyOf(PfPacket packet, bool isIn)
    {
        var (from, to) = ($"{packet.Source}:{packet.SourcePort}", $"{packet.Target}:{packet.TargetPort}");
        return $"{packet.Protocol} {(isIn ? from : to)} {(isIn ? to : from)}";
    }

    private bool Matches(Rule rule, string device, PfPacket packet) =>
        (rule.On.Count == 0 || rule.On.Contains(device) || rule.On.Contains(groups.GetValueOrDefault(device, "-")))
        && (rule.Protocol.Length == 0 || rule.Protocol == packet.Protocol)
        && rule.Sources.Matches(packet.Source, self) && rule.Targets.Matches(packet.Target, self)
        && (rule.FirstPort == 0 || (packet.Protocol != "icmp" && packet.TargetPort >= rule.FirstPort && packet.TargetPort <= rule.LastPort))
        && (rule.Tagged.Length == 0 || rule.Tagged == packet.Tag);

    private sealed record State(PfPacket Outer, PfPacket Inner, bool IsIn)
    {
        /// <summary>What comes in becomes what it is inside, what goes out what it is outside; answers the other way about.</summary>
        public PfPacket Translate(PfPacket packet, bool isIn)
        {
            var seen = isIn ? Inner : Outer;
            return IsIn == isIn
                ? packet with { Source = seen.Source, SourcePort = seen.SourcePort, Target = seen.Target, TargetPort = seen.TargetPort }
                : packet with { Source = seen.Target, SourcePort = seen.TargetPort, Target = seen.Source, TargetPort = seen.SourcePort };
        }
    }

    private sealed record Hosts(bool IsNot, IReadOnlyList<string> Words)
    {
        public bool Matches(string address, IReadOnlyCollection<string> self) => IsNot != Words.Any(word => word switch
        {
            "any" => true,
            "(self)" => self.Contains(address),
            _ => IPNetwork.Parse(word.Contains('/', StringComparison.Ordinal) ? word : word + "/32").Contains(IPAddress.Parse(address)),
        });
    }

    private sealed record Rule(string Kind, bool IsNo, bool? Direction, bool IsQuick, IReadOnlyList<string> On, string Protocol, Hosts Sources, Hosts Targets)
    {
        public int FirstPort { get; init; }

        public int LastPort { get; init; }

        public string Tag { get; init; } = "";

        public string Tagged { get; init; } = "";

        public string To { get; init; } = "";

        public int ToPort { get; init; }

        /// <summary>Null for what is of IPv6, and for options. What it does not know it does not pass over.</summary>
        public static Rule? TryParse(string line)
        {
            var words = new Queue<string>(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            if (words.Count == 0 || words.Contains("inet6"))
            {
                return null;
            }

            var isNo = Takes("no");
            var kind = words.Dequeue();
            bool? direction = Takes("in") ? true : Takes("out") ? false : null;
            var isLogged = Takes("log");
            var isQuick = Takes("quick");
            isLogged |= Takes("log");
            var on = Takes("on") ? List() : [];
            Takes("inet");
            var protocol = Takes("proto") ? words.Dequeue() : "";
            Require(Takes("from"));
            var sources = new Hosts(Takes("!"), List());
            var targets = Takes("to") ? new Hosts(Takes("!"), List()) : new Hosts(IsNot: false, ["any"]);
            var (first, last) = Takes("port") ? Range(words.Dequeue()) : (0, 0);
            var tag = Takes("tag") ? words.Dequeue() : "";
            var tagged = Takes("tagged") ? words.Dequeue() : "";
            var to = Takes("->") ? words.Dequeue() : "";
            var toPort = Takes("port") ? Range(words.Dequeue()).First : 0;
            Require(words.Count == 0 && kind is "nat" or "rdr" or "pass" or "block");
            return new Rule(kind, isNo, direction, isQuick, on, protocol, sources, targets) { FirstPort = first, LastPort = last, Tag = tag, Tagged = tagged, To = to, ToPort = toPort };

            bool Takes(string word) => words.TryPeek(out var next) && next == word && words.TryDequeue(out _);

            void Require(bool isSo) => _ = isSo ? 0 : throw new NotSupportedException(line);

            IReadOnlyList<string> List()
            {
                var list = new List<string>();
                if (!Takes("{"))
                {
                    return [words.Dequeue()];
                }

                while (!Takes("}"))
                {
                    list.Add(words.Dequeue().TrimEnd(','));
                }

                return list;
            }
        }

        private static (int First, int Last) Range(string text)
        {
            var ends = text.Split(':');
            var first = int.Parse(ends[0], CultureInfo.InvariantCulture);
            return (first, ends.Length > 1 && ends[1] != "*" ? int.Parse(ends[1], CultureInfo.InvariantCulture) : first);
        }
    }
}
