using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Space;

/// <summary>In which order snapshots are given up: those first that save least for the space they take. The room's README tells the rule.</summary>
internal static class EvictionOrder
{
    /// <summary>All that may go, each after what stands on it. Who takes only the first of them has given up the least.</summary>
    public static IEnumerable<EvictableStep> Of(IReadOnlyList<EvictableStep> steps, DateTimeOffset now)
    {
        var branches = Branches(steps);
        while (branches.Count > 0)
        {
            var least = branches.Values.MinBy(branch => (branch.Worth(now), branch.LastUse, branch.Step.Id.ToString()))!; // There are some.
            foreach (var gone in least.LeavesFirst(now).ToList())
            {
                yield return gone.Step;
                branches.Remove(gone.Step.Id);
            }

            if (least.Step.Parent is { } parent && branches.TryGetValue(parent, out var above))
            {
                above.Children.Remove(least);
                for (var branch = above; branch is not null; branch = branch.Step.Parent is { } next ? branches.GetValueOrDefault(next) : null)
                {
                    branch.AddUp();
                }
            }
        }
    }

    /// <summary>Snapshots of which all that stands on them may go with them.</summary>
    private static Dictionary<SnapshotId, Branch> Branches(IReadOnlyList<EvictableStep> steps)
    {
        var byId = steps.ToDictionary(step => step.Id);
        var held = new HashSet<SnapshotId>();
        foreach (var step in steps.Where(step => step.IsHeld))
        {
            for (var below = step; below is not null && held.Add(below.Id); below = below.Parent is { } next ? byId.GetValueOrDefault(next) : null)
            {
            }
        }

        var branches = steps.Where(step => !held.Contains(step.Id)).ToDictionary(step => step.Id, step => new Branch(step));
        foreach (var branch in branches.Values)
        {
            if (branch.Step.Parent is { } parent && branches.TryGetValue(parent, out var above))
            {
                above.Children.Add(branch);
            }
        }

        foreach (var top in branches.Values.Where(branch => branch.Step.Parent is not { } parent || !branches.ContainsKey(parent)).ToList())
        {
            foreach (var branch in top.LeavesFirst(DateTimeOffset.MinValue))
            {
                branch.AddUp();
            }
        }

        return branches;
    }

    /// <summary>A snapshot with all that stands on it, which goes with it.</summary>
    private sealed class Branch(EvictableStep step)
    {
        private long bytes = step.Bytes;
        private TimeSpan saves = step.Saves;

        public EvictableStep Step => step;

        public List<Branch> Children { get; } = [];

        public DateTimeOffset LastUse { get; private set; } = step.LastUse;

        /// <summary>What it saves for each byte, and the less the longer nobody has wanted it: after a day a twenty-fifth.</summary>
        public double Worth(DateTimeOffset now) => saves.TotalSeconds / (bytes + 1) / (1 + Math.Max(0, (now - LastUse).TotalHours));

        /// <summary>From its children, which have done so before.</summary>
        public void AddUp()
        {
            bytes = step.Bytes + Children.Sum(child => child.bytes);
            saves = step.Saves + TimeSpan.FromTicks(Children.Sum(child => child.saves.Ticks));
            LastUse = Children.Select(child => child.LastUse).Append(step.LastUse).Max();
        }

        /// <summary>Without recursion: chains may be long.</summary>
        public IEnumerable<Branch> LeavesFirst(DateTimeOffset now)
        {
            var (waiting, order) = (new Stack<Branch>([this]), new List<Branch>());
            while (waiting.TryPop(out var branch))
            {
                order.Add(branch);
                foreach (var child in branch.Children.OrderBy(child => child.Worth(now)))
                {
                    waiting.Push(child);
                }
            }

            order.Reverse();
            return order;
        }
    }
}
