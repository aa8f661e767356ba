using Kleene.Build.Builder.Events;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Cli.Output;

/// <summary>Counts what a build does for the one line that is said of it. Of a step that fails it shows the last that was printed.</summary>
/// <param name="whole">Shows all of the build; null shows only what goes wrong.</param>
internal sealed class CycleProgress(TextWriter writer, IBuildPrinter? whole) : IBuildPrinter
{
    private const int ShownLines = 50;

    private readonly QuietProgress quiet = new(writer);
    private readonly Dictionary<int, Queue<string>> printed = [];

    public int Ran { get; private set; }

    public int Reused { get; private set; }

    /// <summary>Null as long as there is none, and when it failed.</summary>
    public Image? Image { get; private set; }

    public void Print(BuildEvent happened)
    {
        switch (happened)
        {
            case BuildEvent.StepOutput output:
                Keep(output);
                break;
            case BuildEvent.StepCached:
                Reused++;
                break;
            case BuildEvent.StepCompleted:
                Ran++;
                break;
            case BuildEvent.StepFailed failed when whole is null:
                foreach (var line in printed.GetValueOrDefault(failed.Step.Number) ?? [])
                {
                    writer.WriteLine(line);
                }

                break;
            case BuildEvent.Completed completed:
                Image = completed.Image;
                break;
        }

        (whole ?? quiet).Print(happened);
    }

    private void Keep(BuildEvent.StepOutput output)
    {
        if (!printed.TryGetValue(output.Step.Number, out var lines))
        {
            printed.Add(output.Step.Number, lines = new Queue<string>());
        }

        lines.Enqueue(output.Line);
        if (lines.Count > ShownLines)
        {
            lines.Dequeue();
        }
    }
}
