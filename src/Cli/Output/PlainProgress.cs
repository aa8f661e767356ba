using Kleene.Build.Builder.Events;
using Kleene.Build.Parser.Diagnostics;

namespace Kleene.Build.Cli.Output;

/// <summary>
/// Lines for pipes and logs, as Kleene prints them. Where steps run side by side, one is shown as it goes and the lines of the
/// others wait until it has ended: output is never interleaved.
/// </summary>
internal sealed class PlainProgress(TextWriter writer) : IBuildPrinter, IDisposable
{
    private readonly DiagnosticPrinter diagnostics = new();
    private readonly SortedDictionary<int, List<string>> waiting = [];
    private readonly HashSet<int> ended = [];
    private int? shown;

    public void Print(BuildEvent happened)
    {
        switch (happened)
        {
            case BuildEvent.Diagnosed diagnosed:
                writer.Write(diagnostics.Format(diagnosed.Diagnostic));
                break;
            case BuildEvent.StepStarted started:
                Line(started.Step, $"Step {started.Step.Number}/{started.Step.Total} : {started.Step.Step.Text}");
                break;
            case BuildEvent.StepWaiting waits:
                Line(waits.Step, "--> Waiting for the same step, which is running already");
                break;
            case BuildEvent.StepOutput output:
                Line(output.Step, output.Line);
                break;
            case BuildEvent.StepCached cached:
                End(cached.Step, $"--> Using cache @{cached.Snapshot}");
                break;
            case BuildEvent.StepCompleted completed:
                End(completed.Step, $"--> Snapshot created: @{completed.Snapshot}");
                break;
            case BuildEvent.Evicted evicted:
                writer.WriteLine(FailureText.Of(evicted.Eviction));
                break;
            case BuildEvent.Unrecorded unrecorded:
                writer.WriteLine(FailureText.Of(unrecorded));
                break;
            case BuildEvent.StepFailed failed:
                End(failed.Step, FailureText.Of(failed));
                break;
            case BuildEvent.Completed:
                writer.WriteLine("image created");
                break;
            case BuildEvent.Failed failed:
                ShowAll();
                writer.WriteLine(FailureText.Of(failed));
                break;
        }
    }

    /// <summary>Shows what a build that was broken off had still to say.</summary>
    public void Dispose() => ShowAll();

    private void Line(StepPlace step, string text)
    {
        shown ??= step.Number;
        if (shown == step.Number)
        {
            writer.WriteLine(text);
        }
        else if (waiting.TryGetValue(step.Number, out var lines))
        {
            lines.Add(text);
        }
        else
        {
            waiting.Add(step.Number, [text]);
        }
    }

    private void End(StepPlace step, string text)
    {
        Line(step, text);
        ended.Add(step.Number);
        if (shown == step.Number)
        {
            shown = null;
            ShowNext();
        }
    }

    /// <summary>What waited: all of the steps that have ended, then the beginning of one that has not.</summary>
    private void ShowNext()
    {
        if (waiting.Count == 0)
        {
            return;
        }

        foreach (var number in waiting.Keys.Where(ended.Contains).ToList())
        {
            Show(number);
        }

        if (waiting.Count > 0)
        {
            shown = waiting.Keys.First();
            Show(shown.Value);
        }
    }

    /// <summary>Steps that were cancelled never say that they have ended; those that wait behind them would be lost.</summary>
    private void ShowAll()
    {
        shown = null;
        foreach (var number in waiting.Keys.ToList())
        {
            Show(number);
        }
    }

    private void Show(int number)
    {
        waiting[number].ForEach(writer.WriteLine);
        waiting.Remove(number);
    }
}
