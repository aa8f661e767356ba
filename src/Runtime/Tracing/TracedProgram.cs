using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Tracing;

/// <summary>The span of an external program, which goes on beside whoever started it.</summary>
internal sealed class TracedProgram
{
    /// <summary>Of a command line: the rest says nothing about time.</summary>
    private const int LongestText = 1000;

    private readonly Timeline timeline;
    private readonly TimedSpan span;

    private TracedProgram(Timeline timeline, TimedSpan span) => (this.timeline, this.span) = (timeline, span);

    public static TracedProgram Begin(Timeline timeline, CommandLine command)
    {
        var text = command.ToString();
        return new TracedProgram(
            timeline,
            timeline.Open(command.Name.Length > 0 ? command.Name : Path.GetFileName(command.Program), text.Length > LongestText ? string.Concat(text.AsSpan(0, LongestText), "…") : text));
    }

    /// <param name="exit">Null: it goes on without us.</param>
    public void End(ExitStatus? exit) => timeline.EndAside(span, exit?.ShellCode);
}
