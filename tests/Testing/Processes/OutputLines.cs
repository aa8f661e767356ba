using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Testing.Processes;

/// <summary>Keeps the lines that a process prints, and tells when one has come.</summary>
public sealed class OutputLines : IOutputSink
{
    private readonly Lock gate = new();
    private readonly List<string> output = [];
    private readonly List<string> error = [];
    private readonly List<(string Line, TaskCompletionSource Seen)> awaited = [];

    public IReadOnlyList<string> Output => Copy(output);

    public IReadOnlyList<string> Error => Copy(error);

    public void WriteLine(OutputKind stream, string line)
    {
        lock (gate)
        {
            (stream == OutputKind.Output ? output : error).Add(line);
            foreach (var (_, seen) in awaited.Where(waiter => waiter.Line == line))
            {
                seen.TrySetResult();
            }
        }
    }

    /// <summary>Ends when this line has been printed.</summary>
    /// <exception cref="InvalidOperationException">The process ended without it.</exception>
    public async Task WhenSeen(string line, Task process)
    {
        var seen = Seen(line);
        if (await Task.WhenAny(seen, process) != seen && !seen.IsCompleted)
        {
            await process;
            throw new InvalidOperationException($"the process ended and never printed '{line}': {string.Join('|', Output)}, {string.Join('|', Error)}");
        }
    }

    private Task Seen(string line)
    {
        lock (gate)
        {
            if (output.Contains(line) || error.Contains(line))
            {
                return Task.CompletedTask;
            }

            var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            awaited.Add((line, seen));
            return seen.Task;
        }
    }

    private List<string> Copy(List<string> lines)
    {
        lock (gate)
        {
            return [.. lines];
        }
    }
}
