namespace Kleene.Build.Builder.Profiling;

/// <summary>
/// The critical path method: when each step could have ended at the earliest, were there as many processors as it likes, and when at the latest without
/// the whole taking longer. What is between the two is its slack.
/// </summary>
internal sealed class CriticalPath
{
    private readonly Dictionary<int, TimeSpan> slacks = [];

    private CriticalPath(TimeSpan length) => Length = length;

    /// <summary>The longest chain of steps that wait for each other.</summary>
    public TimeSpan Length { get; }

    public TimeSpan SlackOf(int step) => slacks[step];

    /// <param name="steps">In an order in which nobody waits for a later one.</param>
    public static CriticalPath Of(IReadOnlyList<ProfiledStep> steps)
    {
        var earliest = new Dictionary<int, TimeSpan>();
        foreach (var step in steps)
        {
            earliest[step.Number] = step.After.Select(before => earliest[before]).DefaultIfEmpty(TimeSpan.Zero).Max() + step.Duration;
        }

        var path = new CriticalPath(earliest.Values.DefaultIfEmpty(TimeSpan.Zero).Max());
        var latest = steps.ToDictionary(step => step.Number, _ => path.Length);
        foreach (var step in steps.Reverse())
        {
            path.slacks[step.Number] = latest[step.Number] - earliest[step.Number];
            foreach (var before in step.After)
            {
                var end = latest[step.Number] - step.Duration;
                latest[before] = latest[before] < end ? latest[before] : end;
            }
        }

        return path;
    }
}
