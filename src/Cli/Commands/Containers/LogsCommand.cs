using System.CommandLine;
using System.Globalization;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene logs</c>: what a container has printed, on the streams it was printed to.</summary>
internal static class LogsCommand
{
    private static readonly TimeSpan FollowInterval = TimeSpan.FromMilliseconds(50);

    public static Command Create(string name, Verb verb)
    {
        var reference = ContainerArgument.One();
        var follow = new Option<bool>("--follow", "-f") { Description = "go on until it ends" };
        var since = new Option<string?>("--since") { Description = "only from a time on: 2026-01-31T12:00:00Z, seconds since 1970, or 10m ago", HelpName = "TIME" };
        var until = new Option<string?>("--until") { Description = "only up to a time", HelpName = "TIME" };
        var tail = new Option<string>("--tail", "-n") { Description = "only so many lines at the end", HelpName = "LINES", DefaultValueFactory = _ => "all" };
        var timestamps = new Option<bool>("--timestamps", "-t") { Description = "with the time of each line" };
        var command = new Command(name) { reference, follow, since, until, tail, timestamps };
        verb.DoesUntilInterrupted(command, async (context, cancellationToken) =>
        {
            var now = DateTimeOffset.UtcNow;
            var request = new LogRequest
            {
                Since = Times.Point(context.Get(since), now, "--since"),
                Until = Times.Point(context.Get(until), now, "--until"),
                Tail = Lines(context.Get(tail) ?? "all"),
            };
            using var kleene = await context.OpenAsync(cancellationToken);
            var container = kleene.Containers.Find(context.Get(reference));
            var log = kleene.Lifecycle.LogOf(container);
            using var output = new LogOutput(context.Get(timestamps));
            await foreach (var entry in log.ReadAsync(request, context.Get(follow) ? GoesOnAsync : null, cancellationToken))
            {
                output.Write(entry);
            }

            return ExitCodes.Done;

            async Task<bool> GoesOnAsync()
            {
                // Whatever comes before the end is in the log by the time that the end is known.
                output.Flush();
                var goesOn = kleene.Containers.TryFind(container.Id) is { State: not (ContainerState.Exited or ContainerState.Created) };
                if (goesOn)
                {
                    await Task.Delay(FollowInterval, cancellationToken);
                }

                return goesOn;
            }
        });
        return command;
    }

    private static int? Lines(string text) =>
        text == "all" ? null
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var lines) ? lines < 0 ? null : lines
        : throw new UsageException($"--tail '{text}' is neither a number of lines nor 'all'");

    /// <summary>Our two streams, as bytes: what a container prints need not be text.</summary>
    private sealed class LogOutput(bool timestamps) : IDisposable
    {
        private readonly BufferedStream output = new(Console.OpenStandardOutput());
        private readonly BufferedStream error = new(Console.OpenStandardError());
        private readonly bool[] isInLine = new bool[2];

        public void Write(LogEntry entry)
        {
            var (stream, other) = entry.Stream == OutputKind.Error ? (error, output) : (output, error);
            other.Flush();
            if (timestamps && !isInLine[(int)entry.Stream])
            {
                Span<byte> text = stackalloc byte[40];
                entry.Time.UtcDateTime.TryFormat(text, out var length, "yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture);
                stream.Write(text[..length]);
                stream.WriteByte((byte)' ');
            }

            stream.Write(entry.Text.Span);
            if (entry.IsComplete)
            {
                stream.WriteByte((byte)'\n');
            }

            isInLine[(int)entry.Stream] = !entry.IsComplete;
        }

        public void Flush()
        {
            output.Flush();
            error.Flush();
        }

        public void Dispose()
        {
            output.Dispose();
            error.Dispose();
        }
    }
}
