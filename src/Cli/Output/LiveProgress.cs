using System.Globalization;
using Kleene.Build.Builder.Events;
using Kleene.Build.Parser.Diagnostics;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kleene.Build.Cli.Output;

/// <summary>A terminal's view: finished steps scroll away, those that run stay below with their time and their last lines.</summary>
internal sealed class LiveProgress : IBuildPrinter, IDisposable
{
    private const int LastLines = 6;
    private static readonly TimeSpan FrameTime = TimeSpan.FromMilliseconds(100);

    private readonly DiagnosticPrinter diagnostics = new();
    private readonly Lock gate = new();
    private readonly IAnsiConsole console;
    private readonly TextWriter writer;
    private readonly TimeProvider clock;
    private readonly SortedDictionary<int, RunningStep> running = [];
    private readonly Queue<IRenderable> finished = [];
    private readonly ManualResetEventSlim ended = new();
    private readonly Thread display;
    private string lastWords = "";

    /// <param name="width">Columns to draw on; null takes the terminal's.</param>
    public LiveProgress(TextWriter writer, TimeProvider clock, bool color, int? width = null)
    {
        this.writer = writer;
        this.clock = clock;
        console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.No,
            ColorSystem = color ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(writer),
        });
        console.Profile.Width = width ?? console.Profile.Width;
        display = new Thread(Show) { IsBackground = true, Name = "display" };
        display.Start();
    }

    public void Print(BuildEvent happened)
    {
        lock (gate)
        {
            switch (happened)
            {
                case BuildEvent.Diagnosed diagnosed:
                    finished.Enqueue(new Text(VisibleText.OfLines(diagnostics.Format(diagnosed.Diagnostic).TrimEnd('\n')), Style(diagnosed.Diagnostic.Severity)));
                    break;
                case BuildEvent.StepStarted started:
                    running[started.Step.Number] = new RunningStep(started.Step, clock.GetTimestamp(), []);
                    break;
                case BuildEvent.StepWaiting waits when running.TryGetValue(waits.Step.Number, out var step):
                    step.Lines.Enqueue("waiting for the same step, which is running already");
                    break;
                case BuildEvent.StepOutput output when running.TryGetValue(output.Step.Number, out var step):
                    // The screen is ours: what a command prints is shown, not obeyed.
                    step.Lines.Enqueue(VisibleText.OfLine(output.Line));
                    while (step.Lines.Count > LastLines)
                    {
                        step.Lines.Dequeue();
                    }

                    break;
                case BuildEvent.StepCached cached:
                    Finish(cached.Step, "CACHED", $"@{cached.Snapshot}", Color.Blue);
                    break;
                case BuildEvent.StepCompleted completed:
                    Finish(completed.Step, Seconds(completed.Duration), $"@{completed.Snapshot}", Color.Green);
                    break;
                case BuildEvent.StepFailed failed:
                    KeepLines(failed.Step);
                    Finish(failed.Step, "FAILED", "", Color.Red);
                    finished.Enqueue(new Text(VisibleText.OfLines(FailureText.Of(failed)), new Style(Color.Red)));
                    break;
                case BuildEvent.Evicted evicted:
                    finished.Enqueue(new Text(FailureText.Of(evicted.Eviction), new Style(Color.Yellow)));
                    break;
                case BuildEvent.Unrecorded unrecorded:
                    finished.Enqueue(new Text(VisibleText.OfLines(FailureText.Of(unrecorded)), new Style(Color.Yellow)));
                    break;
                case BuildEvent.Completed completed:
                    lastWords = $"image created in {Seconds(completed.Duration)}";
                    break;
                case BuildEvent.Failed failed:
                    lastWords = FailureText.Of(failed);
                    break;
            }
        }
    }

    public void Dispose()
    {
        ended.Set();
        display.Join();
        ended.Dispose();
    }

    private static Style Style(DiagnosticSeverity severity) => new(severity == DiagnosticSeverity.Error ? Color.Red : Color.Yellow);

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.0s", CultureInfo.InvariantCulture);

    private void Finish(StepPlace place, string state, string snapshot, Color color)
    {
        running.Remove(place.Number);
        finished.Enqueue(new OneLine($"[{place.Number}/{place.Total}] {VisibleText.InOneLine(place.Step.Text)}", Spectre.Console.Style.Plain, $"{state} {snapshot}".TrimEnd(), new Style(color)));
    }

    /// <summary>What a failed command printed last stays readable.</summary>
    private void KeepLines(StepPlace place)
    {
        if (running.TryGetValue(place.Number, out var step))
        {
            foreach (var line in step.Lines)
            {
                finished.Enqueue(new Text($"    {line}"));
            }
        }
    }

    private void Show()
    {
        console.Live(Text.Empty).AutoClear(true).Start(context =>
        {
            while (!ended.Wait(FrameTime))
            {
                lock (gate)
                {
                    context.UpdateTarget(Frame());
                    Flush();
                }
            }
        });
        lock (gate)
        {
            Flush();
            if (lastWords.Length > 0)
            {
                // Not through the console, which would break a command that is to be pasted at the width of the window.
                writer.WriteLine(VisibleText.OfLines(lastWords));
            }
        }
    }

    private void Flush()
    {
        while (finished.TryDequeue(out var line))
        {
            console.Write(line);
            console.WriteLine();
        }
    }

    private Rows Frame()
    {
        var rows = new List<IRenderable>();
        foreach (var step in running.Values)
        {
            var time = Seconds(clock.GetElapsedTime(step.Started));
            rows.Add(new OneLine($"[{step.Place.Number}/{step.Place.Total}] {time} {VisibleText.InOneLine(step.Place.Step.Text)}", new Style(Color.Yellow)));
            rows.AddRange(step.Lines.Select(line => new OneLine($"    {line}", new Style(decoration: Decoration.Dim))));
        }

        return new Rows(rows);
    }

    private sealed record RunningStep(StepPlace Place, long Started, Queue<string> Lines);
}
