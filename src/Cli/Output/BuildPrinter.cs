using Kleene.Build.Builder.Events;

namespace Kleene.Build.Cli.Output;

/// <summary>Shows a build to somebody.</summary>
internal abstract class BuildPrinter : IDisposable
{
    public abstract void Print(BuildEvent happened);

    public virtual void Dispose()
    {
    }
}
