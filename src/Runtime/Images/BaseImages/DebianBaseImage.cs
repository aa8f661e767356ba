using System.Collections.Immutable;
using System.Text;
using Kleene.Build.Runtime.Archives;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Images.BaseImages;

/// <summary>
/// A base image of the release that this machine runs, made from the packages that its own apt sources offer: by mmdebstrap(1), or
/// by debootstrap(8), which is slower. What <c>apt-get install</c> needs is in it; manuals, translations and caches are not.
/// </summary>
/// <param name="runner">Runs the tools.</param>
/// <param name="isInstalled">Whether there is a program of that name.</param>
/// <param name="hostRoot"><c>/</c>, but for tests.</param>
public sealed class DebianBaseImage(IProcessRunner runner, Func<string, bool> isInstalled, string hostRoot = "/") : IBaseImageSource
{
    /// <summary>
    /// What would differ from run to run gets this time: 2020-01-01. Any time would do; with it the same packages are the same
    /// image to the last bit, and what was built on one is reused on the other.
    /// </summary>
    private const string Epoch = "1577836800";

    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private static readonly ImmutableArray<string> LeftOut =
    [
        "path-exclude=/usr/share/man/*",
        "path-exclude=/usr/share/info/*",
        "path-exclude=/usr/share/locale/*",
        "path-exclude=/usr/share/doc/*",
        "path-include=/usr/share/doc/*/copyright",
        "path-exclude=/usr/share/lintian/*",
    ];

    public DebianBaseImage(IProcessRunner runner)
        : this(runner, program => ProgramPath.Find(program) is not null)
    {
    }

    public async Task<BaseImageContent> WriteAsync(string rootPath, IProgress<BaseImageProgress> progress, CancellationToken cancellationToken)
    {
        var release = DebianRelease.Read(hostRoot);
        if (isInstalled("mmdebstrap"))
        {
            return await ByMmdebstrapAsync(release, rootPath, progress, cancellationToken);
        }

        return isInstalled("debootstrap")
            ? await ByDebootstrapAsync(release, rootPath, progress, cancellationToken)
            : throw new KleeneException(
                "a base image of this system is made by mmdebstrap or debootstrap, and neither is installed; install one with 'apt-get install mmdebstrap'");
    }

    /// <summary>As an archive rather than a directory: the digest of that stream is the key, and a store that knows no device nodes does not disturb the tool.</summary>
    private async Task<BaseImageContent> ByMmdebstrapAsync(
        DebianRelease release, string rootPath, IProgress<BaseImageProgress> progress, CancellationToken cancellationToken)
    {
        var work = Directory.CreateTempSubdirectory("kleene-");
        try
        {
            var archive = Path.Join(work.FullName, "root.tar");
            var command = InItsOwnMounts(
                "mmdebstrap",
                [
                    "--variant=minbase",
                    "--format=tar",
                    .. LeftOut.Select(option => $"--dpkgopt={option}"),

                    // mmdebstrap copies the host's; a jail gets its own.
                    "--customize-hook=rm -f \"$1/etc/resolv.conf\" \"$1/etc/hostname\"",
                    release.Codename,
                    archive,
                    .. release.Sources.IsEmpty ? (ImmutableArray<string>)[] : ["-"],
                ]) with
            {
                Environment = Environment($"SOURCE_DATE_EPOCH={Epoch}", $"TMPDIR={work.FullName}"),
                Input = Encoding.UTF8.GetBytes(SourcesList(release)),
            };
            await RunAsync(command, progress, cancellationToken);

            progress.Report(new BaseImageProgress("unpacking"));
            var result = await new ArchiveExtractor(ExtractionLimits.Default).ExtractAsync(File.OpenRead(archive), rootPath, cancellationToken);
            return new BaseImageContent(result.Digest, release.ImageName, BaseImageDefaults.Config, UnpackedArchive.Inspect(result, rootPath));
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private async Task<BaseImageContent> ByDebootstrapAsync(
        DebianRelease release, string rootPath, IProgress<BaseImageProgress> progress, CancellationToken cancellationToken)
    {
        // It takes one mirror: that of the release itself, not of its updates.
        var mirror = release.Sources.Select(line => line.Split(' ')).Select(words => words is ["deb", ['[', ..], .. var rest] ? rest : words[1..])
            .FirstOrDefault(words => words[1] == release.Codename);
        var command = InItsOwnMounts(
            "debootstrap", ["--variant=minbase", release.Codename, rootPath, .. mirror is null ? (ImmutableArray<string>)[] : [mirror[0]]]) with
        {
            Environment = Environment($"SOURCE_DATE_EPOCH={Epoch}"),
        };
        await RunAsync(command, progress, cancellationToken);

        using var root = RootedDirectory.Open(rootPath);
        RemoveTraces(root);
        if (!release.Sources.IsEmpty)
        {
            using var file = new FileStream(root.OpenWrite("etc/apt/sources.list", 0x1A4, FileOwner.Root), FileAccess.Write);
            file.Write(Encoding.UTF8.GetBytes(SourcesList(release)));
        }

        return new BaseImageContent(TreeKey.Of(root, cancellationToken), release.ImageName, BaseImageDefaults.Config, []);
    }

    /// <summary>What debootstrap leaves of this machine and of its own work: mmdebstrap cleans up after itself.</summary>
    private static void RemoveTraces(RootedDirectory root)
    {
        root.Remove("etc/resolv.conf");
        root.Remove("etc/hostname");
        root.Remove("var/cache/ldconfig/aux-cache");
        foreach (var directory in (ReadOnlySpan<string>)["var/lib/apt/lists", "var/cache/apt", "var/log", "tmp"])
        {
            RemoveFiles(root, directory);
        }
    }

    /// <summary>Directories stay: they belong to packages.</summary>
    private static void RemoveFiles(RootedDirectory root, UnixPath directory)
    {
        foreach (var name in root.TryStat(directory, followLink: false) is { IsDirectory: true } ? root.List(directory) : [])
        {
            var path = directory / name;
            if (root.Stat(path, followLink: false).IsDirectory)
            {
                RemoveFiles(root, path);
            }
            else
            {
                root.Remove(path);
            }
        }
    }

    /// <summary>
    /// Both tools mount /proc, /sys and /dev in the tree. In a mount namespace of their own (unshare(1)) nothing of that is left when
    /// they are killed, and removing the tree can never reach what was mounted there.
    /// </summary>
    private static CommandLine InItsOwnMounts(string program, ImmutableArray<string> arguments) =>
        new("unshare", ["--mount", program, .. arguments]) { Timeout = Longest };

    private async Task RunAsync(CommandLine command, IProgress<BaseImageProgress> progress, CancellationToken cancellationToken)
    {
        var result = await runner.RunAsync(command, ProcessOutput.To(new ProgressSink(progress)), cancellationToken);
        if (!result.Exit.Success)
        {
            throw new ProcessFailedException(command, result);
        }
    }

    private static string SourcesList(DebianRelease release) => string.Concat(release.Sources.Select(line => line + "\n"));

    /// <summary>Tools get a fixed environment; how to reach the network is the user's to say.</summary>
    private static ImmutableArray<string> Environment(params ReadOnlySpan<string> variables)
    {
        ReadOnlySpan<string> passed = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];
        var environment = CommandLine.ToolEnvironment.ToBuilder();
        environment.AddRange(variables);
        foreach (var name in passed)
        {
            if (System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                environment.Add($"{name}={value}");
            }
        }

        return environment.ToImmutable();
    }

    private sealed class ProgressSink(IProgress<BaseImageProgress> progress) : IOutputSink
    {
        public void WriteLine(OutputKind stream, string line) => progress.Report(new BaseImageProgress(line.Trim()));
    }
}
