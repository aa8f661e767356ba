using System.Globalization;
using System.Text;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Builds;

/// <summary>
/// What the commands of a build printed, in a file of its own: <c>STEP O|E TEXT</c>. Only builds that run something have one. Secrets have been
/// covered before a line gets here.
/// </summary>
public static class BuildLog
{
    /// <summary>The file of a build; it may not exist.</summary>
    public static string PathOf(StateDirectory state, string buildId) =>
        SnapshotId.TryParse(buildId, out var id) ? Path.Join(state.Builds, id.ToString()) : throw new ArgumentException($"'{buildId}' is not the id of a build", nameof(buildId));

    /// <summary>In the order in which they were printed; nothing when the build ran nothing.</summary>
    public static IEnumerable<BuildLogLine> Read(StateDirectory state, string buildId)
    {
        var path = PathOf(state, buildId);
        if (!File.Exists(path))
        {
            yield break;
        }

        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        while (reader.ReadLine() is { } line)
        {
            // The last line of a build that goes on, or was killed, may not be whole.
            if (line.Split(' ', 3) is [var step, ("O" or "E") and var kind, var text] && int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                yield return new BuildLogLine(number, kind == "O" ? OutputKind.Output : OutputKind.Error, Unescape(text));
            }
        }
    }

    public static void Remove(StateDirectory state, string buildId) => File.Delete(PathOf(state, buildId));

    internal static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Unescape(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
        {
            return text;
        }

        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            plain.Append(text[i] != '\\' || i + 1 == text.Length ? text[i] : text[++i] switch { 'r' => '\r', 'n' => '\n', var c => c });
        }

        return plain.ToString();
    }
}

/// <param name="Step">The number of the step.</param>
public sealed record BuildLogLine(int Step, OutputKind Kind, string Text);

/// <summary>Writes the log of a build. Made with its first line.</summary>
public sealed class BuildLogWriter(StateDirectory state, string buildId) : IDisposable
{
    private StreamWriter? writer;

    /// <exception cref="IOException">The disk is full, or the state directory cannot be written.</exception>
    public void Write(int step, OutputKind kind, string text)
    {
        if (writer is null)
        {
            Directory.CreateDirectory(state.Builds);
            writer = new StreamWriter(BuildLog.PathOf(state, buildId), append: false);
        }

        writer.Write(step.ToString(CultureInfo.InvariantCulture));
        writer.Write(kind == OutputKind.Output ? " O " : " E ");
        writer.WriteLine(BuildLog.Escape(text));
    }

    /// <summary>To be called when a step has ended: what is not written by then would be lost with us.</summary>
    /// <exception cref="IOException">As above.</exception>
    public void Flush() => writer?.Flush();

    public void Dispose()
    {
        writer?.Dispose();
        writer = null;
    }
}
