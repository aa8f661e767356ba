using Kleene.Build.Runtime.Jails;

namespace Kleene.Build.Builder.Execution.Mounting;

/// <summary>What one command gets beside its tree. Disposing of it gives everything back, the last first.</summary>
internal sealed class StepMounts : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> held = [];

    public List<JailMount> Mounts { get; } = [];

    public List<JailFile> Files { get; } = [];

    /// <summary><c>NAME=value</c>.</summary>
    public List<string> Environment { get; } = [];

    /// <summary><c>NAME=value</c> of secrets.</summary>
    public List<string> SecretEnvironment { get; } = [];

    /// <summary>Something that has to last as long as the command.</summary>
    public void Hold(IAsyncDisposable thing) => held.Push(thing);

    public void Hold(IDisposable thing) => held.Push(new Synchronous(thing));

    public async ValueTask DisposeAsync()
    {
        while (held.TryPop(out var thing))
        {
            await thing.DisposeAsync();
        }
    }

    private sealed class Synchronous(IDisposable thing) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            thing.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
