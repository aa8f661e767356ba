using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Images.BaseImages;

/// <summary>A base image that is a copy of a directory of this machine, owners and all.</summary>
public sealed class DirectoryBaseImage(string directory) : IBaseImageSource
{
    public Task<BaseImageContent> WriteAsync(string rootPath, IProgress<BaseImageProgress> progress, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(() => Write(rootPath, progress, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private BaseImageContent Write(string rootPath, IProgress<BaseImageProgress> progress, CancellationToken cancellationToken)
    {
        var path = Path.GetFullPath(directory);
        if (!Directory.Exists(path))
        {
            throw new KleeneException(File.Exists(path) ? $"'{directory}' is a file; use 'kleene image create fetch'" : $"there is no directory '{directory}'");
        }

        if (Contains(path, rootPath))
        {
            throw new KleeneException($"'{directory}' cannot become an image: the images are kept inside it, in '{rootPath}'; choose a smaller directory");
        }

        progress.Report(new BaseImageProgress("copying"));
        using var source = RootedDirectory.Open(path);
        using var target = RootedDirectory.Open(rootPath);
        var copier = new TreeCopier(source, target, owner: null, cancellationToken);
        copier.CopyTree(UnixPath.Empty, UnixPath.Empty);

        // Of the copy: the source may have changed while it was read.
        return new BaseImageContent(TreeKey.Of(target, cancellationToken), BaseImageDefaults.NameFrom(path), BaseImageDefaults.Config, []);
    }

    private static bool Contains(string directory, string path) =>
        Path.GetFullPath(path).StartsWith(directory.TrimEnd('/') + '/', StringComparison.Ordinal);
}
