using System.Diagnostics;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Cli.Output;

/// <summary>The file of <c>--trace</c>: opened before the command does anything, written when it has ended.</summary>
internal sealed class TraceFile
{
    private readonly FileStream file;
    private readonly Timeline timeline;
    private readonly Terminal terminal;

    private TraceFile(FileStream file, Timeline timeline, Terminal terminal) => (this.file, this.timeline, this.terminal) = (file, timeline, terminal);

    /// <summary>False, and told to the user, when the file cannot be written.</summary>
    /// <param name="path">Null when nobody wants to know where the time goes: then nothing is traced.</param>
    /// <param name="command">What is traced.</param>
    /// <param name="began">When our code began, as <see cref="Stopwatch"/> counts.</param>
    public static bool TryBegin(string? path, string command, long began, Terminal terminal, out TraceFile? trace)
    {
        trace = null;
        if (path is null)
        {
            return true;
        }

        var ours = Stopwatch.GetElapsedTime(began);
        try
        {
            var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read);
            trace = new TraceFile(file, Begin(command, ours, ProcessAge.Read(ours)), terminal);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            terminal.WriteError($"'{path}' of --trace cannot be written: {exception.Message}");
            return false;
        }
    }

    /// <summary>The command has done what it was for, so a full disk does not make it one that failed.</summary>
    public void Write()
    {
        timeline.End();
        try
        {
            using (file)
            {
                ChromeTrace.Write(file, timeline);
            }
        }
        catch (IOException exception)
        {
            terminal.Error.WriteLine($"warning: where the time went could not be written to '{file.Name}': {exception.Message}");
        }
    }

    private static Timeline Begin(string command, TimeSpan ours, TimeSpan age)
    {
        var timeline = new Timeline(command, TimeProvider.System, age);
        timeline.Add("start of the process", TimeSpan.Zero, age - ours);
        timeline.Add("arguments", age - ours, timeline.Now);
        Tracer.Use(timeline);
        return timeline;
    }
}
