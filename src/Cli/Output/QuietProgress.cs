using Kleene.Build.Builder.Events;
using Kleene.Build.Parser.Diagnostics;

namespace Kleene.Build.Cli.Output;

/// <summary>Says nothing of a build that goes well.</summary>
internal sealed class QuietProgress(TextWriter writer) : IBuildPrinter
{
    private readonly DiagnosticPrinter diagnostics = new();

    public void Print(BuildEvent happened)
    {
        switch (happened)
        {
            case BuildEvent.Diagnosed { Diagnostic.Severity: DiagnosticSeverity.Error } diagnosed:
                writer.Write(diagnostics.Format(diagnosed.Diagnostic));
                break;
            case BuildEvent.Unrecorded unrecorded:
                writer.WriteLine(FailureText.Of(unrecorded));
                break;
            case BuildEvent.StepFailed failed:
                writer.WriteLine(FailureText.Of(failed));
                break;
            case BuildEvent.Failed failed:
                writer.WriteLine(FailureText.Of(failed));
                break;
        }
    }
}
