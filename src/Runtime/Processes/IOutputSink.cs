using System.Text;

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

    /// <summary>A line of so many bytes is handed on in pieces, each as if it were a line.</summary>
    const int LongestLine = 64 * 1024;

    /// <summary>Whether a line may be only a piece of one.</summary>
    static bool MayGoOn(string line) => line.Length > LongestLine / 4 && Encoding.UTF8.GetByteCount(line) >= LongestLine - 1;
}
