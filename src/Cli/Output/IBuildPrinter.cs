using Kleene.Build.Builder.Events;

namespace Kleene.Build.Cli.Output;

/// <summary>Shows a build to somebody. One that draws is also disposable: disposing of it ends the drawing.</summary>
internal interface IBuildPrinter
{
    void Print(BuildEvent happened);
}
