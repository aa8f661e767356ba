using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>The signal that asks a container to end.</summary>
internal static class StopSignalRule
{
    public static void Plan(StopSignalSyntax syntax, StagePlanner stage)
    {
        if (stage.ExpandToSomething(syntax.Signal, "the signal") is not { } signal)
        {
            return;
        }

        if (signal.IsKnown && !SignalName.IsKnown(signal.Value))
        {
            var nearest = Suggestion.Nearest(signal.Value, SignalName.All);
            stage.Report(
                Rules.InvalidSignal, syntax.Signal.Span, $"'{signal.Value}' is not a signal{Suggestion.Tail(nearest)}",
                nearest is not null && syntax.Signal.Text == signal.Value ? syntax.Signal.Replace(nearest) : null);
            return;
        }

        stage.Config = stage.Config with { StopSignal = signal.Value };
    }
}
