using Kleene.Build.Builder.Events;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Cli.Output;

/// <summary>Says nothing of a build that goes well.</summary>
internal sealed class QuietProgress(TextWriter writer, SourceText source) : IBuildPrinter
{
    public void Print(BuildEvent happened)
    {
        switch (happened)
        {
            case BuildEvent.Diagnosed { Diagnostic.Severity: DiagnosticSeverity.Error } diagnosed:
                writer.Write(DiagnosticFormatter.Format(source, diagnosed.Diagnostic));
                break;
            case BuildEvent.StepFailed failed:
                writer.WriteLine(FailureText.Of(failed, source.Path));
                break;
            case BuildEvent.Failed failed:
                writer.WriteLine(FailureText.Of(failed));
                break;
        }
    }
}
