namespace Kleene.Build.Runtime.Processes;

public enum OutputKind
{
    Output,
    Error,
}

/// <summary>Receives what a process prints, a line at a time, as soon as the line is complete. Called from one thread a process.</summary>
public interface IOutputSink
{
    /// <param name="stream">Where the process wrote it.</param>
    /// <param name="line">Without its line end; invalid UTF-8 is replaced.</param>
    void WriteLine(OutputKind stream, string line);
}
