using System.CommandLine;
using System.Text;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Formatting;
using Kleene.Build.Parser.Text;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene fmt</c>: Kleenefiles in their canonical layout. Needs neither privileges nor a state directory.</summary>
internal static class FormatCommand
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static Command Create(string name, Verb verb)
    {
        var paths = new Argument<string[]>("FILE")
        {
            Description = "a Kleenefile, or a directory that has one; '-' is the standard input",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var file = new Option<string?>("--file", "-f") { Description = "a Kleenefile, as other commands name it", HelpName = "FILE" };
        var write = new Option<bool>("--write", "-w") { Description = "rewrite the files instead of printing them" };
        var check = new Option<bool>("--check") { Description = "print the names of files that would change, and fail if there are any" };

        var command = new Command(name) { paths, file, write, check };
        verb.Does(command, async (context, cancellationToken) =>
        {
            if (context.Get(write) && context.Get(check))
            {
                throw new UsageException("--write and --check contradict each other: one changes files, the other only says which would change");
            }

            var code = ExitCodes.Done;
            foreach (var path in Paths(context.Get(paths), context.Get(file)))
            {
                var formatted = KleenefileFormatter.Format(new SourceText(path, await ReadAsync(path, cancellationToken)));
                code = Math.Max(code, Deliver(formatted, context, context.Get(write), context.Get(check)));
            }

            return code;
        });
        return command;
    }

    private static IEnumerable<string> Paths(string[] arguments, string? file)
    {
        // With --file the argument is the context, as elsewhere, which nobody has to read here.
        string[] chosen = file is not null ? [file] : arguments is [] ? ["."] : arguments;
        return chosen.Select(path => Directory.Exists(path) ? KleenefileOptions.FindIn(path) : path).ToList();
    }

    private static int Deliver(FormattedFile formatted, Context context, bool writes, bool checks)
    {
        var path = formatted.Source.Path;
        if (formatted.Text is not { } text)
        {
            context.Terminal.Error.Write(DiagnosticFormatter.Format(formatted.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)));
            return ExitCodes.Usage;
        }

        if (checks)
        {
            if (formatted.IsChanged)
            {
                context.Terminal.Output.WriteLine(path);
            }

            return formatted.IsChanged ? ExitCodes.Failed : ExitCodes.Done;
        }

        if (!writes || path == KleenefileOptions.StandardInput)
        {
            context.Terminal.Output.Write(text);
        }
        else if (formatted.IsChanged)
        {
            FileReplacement.Write(path, Utf8.GetBytes(text));
            context.Terminal.Error.WriteLine($"formatted {path}");
        }

        return ExitCodes.Done;
    }

    /// <summary>Every byte of the file, so that a byte order mark is seen; what is not text is not touched.</summary>
    private static async Task<string> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            using var stream = path == KleenefileOptions.StandardInput ? Console.OpenStandardInput() : File.OpenRead(path);
            using var content = new MemoryStream();
            await stream.CopyToAsync(content, cancellationToken);
            return Utf8.GetString(content.GetBuffer(), 0, (int)content.Length);
        }
        catch (DecoderFallbackException)
        {
            throw new UsageException($"'{path}' is not text in UTF-8, so it has no layout");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"the Kleenefile '{path}' cannot be read: {exception.Message}");
        }
    }
}
