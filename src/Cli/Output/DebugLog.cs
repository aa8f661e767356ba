using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Cli.Output;

/// <summary>Tells on the error stream which external commands ran, how they ended and how long they took.</summary>
internal sealed class DebugLog(TextWriter writer, bool asJson)
{
    /// <summary>Called from the threads that watch the commands.</summary>
    public void CommandEnded(CommandLine command, ExitStatus exit, TimeSpan duration)
    {
        var line = asJson ? Json(command, exit, duration) : Text(command, exit, duration);
        lock (writer)
        {
            writer.WriteLine(line);
        }
    }

    private static string Text(CommandLine command, ExitStatus exit, TimeSpan duration) =>
        string.Create(CultureInfo.InvariantCulture, $"debug: {command} ended with {exit} after {duration.TotalMilliseconds:0.0} ms");

    private static string Json(CommandLine command, ExitStatus exit, TimeSpan duration)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("level", "debug");
            json.WriteString("command", command.ToString());
            json.WriteNumber("exit_code", exit.ShellCode);
            json.WriteNumber("duration_ms", Math.Round(duration.TotalMilliseconds, 1));
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
