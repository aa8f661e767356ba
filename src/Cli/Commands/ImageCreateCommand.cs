using System.CommandLine;
using System.Globalization;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Archives;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Images.BaseImages;
using Kleene.Build.Runtime.Storage.Zfs;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene image create</c>: base images, by Kleene's methods and one of ours.</summary>
internal static class ImageCreateCommand
{
    private static readonly string[] Methods = ["fetch", "fetch-auto", "dir", "zfs-copy", "zfs-clone"];

    public static Command Create(Verb verb)
    {
        var method = new Argument<string>("METHOD") { Description = string.Join(", ", Methods) };
        method.AcceptOnlyFromAmong(Methods);
        var source = new Argument<string?>("SOURCE")
        {
            Description = "fetch: a tar archive or its address; dir: a directory; zfs-copy, zfs-clone: a dataset",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var tag = new Option<string?>("--tag", "-t") { Description = "the image's name", HelpName = "NAME[:TAG]" };
        var command = new Command("create", "make a base image") { method, source, tag };
        verb.Does(command, async (context, cancellationToken) =>
        {
            var name = context.Get(tag) is { } text ? OptionValues.ImageName(text) : null;
            using var kleene = await context.OpenAsync(cancellationToken);
            var maker = new BaseImageMaker(kleene.Snapshots, kleene.Images, kleene.Clock);
            var image = context.Get(method) switch
            {
                "fetch" => await MakeAsync(new FetchBaseImage(Needed(), ExtractionLimits.Default)),
                "fetch-auto" => await MakeAsync(kleene.SystemImage),
                "dir" => await MakeAsync(new DirectoryBaseImage(Needed())),
                "zfs-copy" => await maker.ImportAsync((importer, id, token) => importer.CopyDatasetAsync(Dataset(), id, token), Named(), cancellationToken),
                _ => await maker.ImportAsync((importer, id, token) => importer.CloneDatasetAsync(Dataset(), id, token), Named(), cancellationToken),
            };
            context.Terminal.Output.WriteLine(image.Id);
            return ExitCodes.Done;

            async Task<Image> MakeAsync(IBaseImageSource made)
            {
                using var progress = new CreateProgress(context.Terminal);
                var (result, warnings) = await maker.MakeAsync(made, name, progress, cancellationToken);
                progress.Dispose();
                foreach (var warning in warnings)
                {
                    context.Terminal.Error.WriteLine($"warning: {warning}");
                }

                return result;
            }

            string Needed() => context.Get(source) ?? throw new UsageException($"'{context.Get(method)}' needs a SOURCE");

            ImageReference Named() => name ?? throw new UsageException("the image needs a name; give one with --tag");

            DatasetName Dataset()
            {
                var text = Needed();
                try
                {
                    return DatasetName.Parse(text);
                }
                catch (KleeneException exception)
                {
                    throw new UsageException(exception.Message);
                }
            }
        });
        return command;
    }

    /// <summary>One line that is written over on a terminal; silence elsewhere.</summary>
    private sealed class CreateProgress(Terminal terminal) : IProgress<BaseImageProgress>, IDisposable
    {
        private const int Width = 78;
        private bool shown;

        public void Report(BaseImageProgress value)
        {
            if (!terminal.ErrorIsTerminal)
            {
                return;
            }

            var text = value.Done == 0
                ? value.Activity
                : string.Create(CultureInfo.InvariantCulture, $"{value.Activity} {value.Done >> 20}{(value.Total is { } total ? $"/{total >> 20}" : "")} MiB");
            shown = true;
            terminal.Error.Write($"\r{(text.Length > Width ? text[..Width] : text.PadRight(Width))}");
        }

        public void Dispose()
        {
            if (shown)
            {
                shown = false;
                terminal.Error.Write($"\r{new string(' ', Width)}\r");
            }
        }
    }
}
