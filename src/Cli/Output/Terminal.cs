using System.Text;

namespace Kleene.Build.Cli.Output;

/// <summary>
/// Our standard streams. Written directly: the framework's Console looks up the terminal's description and encodings first, which
/// costs more than most of our commands take.
/// </summary>
internal sealed class Terminal : IDisposable
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    public Terminal()
        : this(
            new StreamWriter(Console.OpenStandardOutput(), Utf8, bufferSize: 4096),
            new StreamWriter(Console.OpenStandardError(), Utf8, bufferSize: 1024) { AutoFlush = true })
    {
    }

    /// <summary>Other streams than our own.</summary>
    internal Terminal(TextWriter output, TextWriter error) => (Output, Error) = (output, error);

    /// <summary>For results.</summary>
    public TextWriter Output { get; }

    /// <summary>For progress, diagnostics and errors.</summary>
    public TextWriter Error { get; }

    public bool InputIsTerminal { get; } = !Console.IsInputRedirected;

    public bool OutputIsTerminal { get; } = !Console.IsOutputRedirected;

    public bool ErrorIsTerminal { get; } = !Console.IsErrorRedirected;

    /// <summary>An error as the contract wants it: every line of it begins with <c>error:</c>.</summary>
    public void WriteError(string message)
    {
        foreach (var line in message.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Error.WriteLine($"error: {line}");
        }
    }

    public void Dispose()
    {
        try
        {
            Output.Dispose();
        }
        catch (IOException)
        {
            // Told already, by the flush that failed first; the writer only tries the same once more.
        }

        Error.Dispose();
    }
}
