using System.Text.RegularExpressions;
using Kleene.Build.Runtime.Archives;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Images.BaseImages;

/// <summary>
/// A base image of the release that this machine runs: the base system as the project publishes it, fetched by the system's own fetch(1), which brings the certificates that a
/// Linux binary on this kernel does not have.
/// </summary>
public sealed partial class FreeBsdBaseImage(IProcessRunner runner) : IBaseImageSource
{
    private const string Fetch = "/usr/bin/fetch";
    private const string Releases = "https://download.freebsd.org/releases";

    private static readonly TimeSpan Longest = TimeSpan.FromHours(2);

    public async Task<BaseImageContent> WriteAsync(string rootPath, IProgress<BaseImageProgress> progress, CancellationToken cancellationToken)
    {
        var release = await runner.RunToolAsync(CommandLine.Of(FreeBsdTools.Sysctl, "-n", "kern.osrelease"), cancellationToken);
        var machine = await runner.RunToolAsync(CommandLine.Of(FreeBsdTools.Sysctl, "-n", "hw.machine_arch"), cancellationToken);
        var (version, address) = AddressOf(release, machine);
        progress.Report(new BaseImageProgress($"fetching {address}"));
        var work = Directory.CreateTempSubdirectory("kleene-");
        try
        {
            var archive = Path.Join(work.FullName, "base.txz");
            var command = CommandLine.Of(Fetch, "-q", "-o", archive, address) with { Timeout = Longest };
            var result = await runner.RunAsync(command, ProcessOutput.Captured, cancellationToken);
            if (!result.Exit.Success)
            {
                throw new KleeneException($"cannot fetch '{address}': {result.Error.Trim()}; fetch another with 'kleene image create fetch ADDRESS'");
            }

            var content = await new FetchBaseImage(archive, ExtractionLimits.Default).WriteAsync(rootPath, progress, cancellationToken);
            return content with { SuggestedName = $"freebsd:{version}" };
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    /// <summary>Kleene's rule: a patch level is of the same release; what is neither a release nor a stable branch is published nowhere.</summary>
    /// <param name="release">What the kernel calls it: <c>13.2-RELEASE-p4</c>.</param>
    internal static (string Version, string Address) AddressOf(string release, string machine)
    {
        var match = ReleaseForm().Match(release.Trim());
        return match.Success && MachineForm().IsMatch(machine.Trim())
            ? (match.Groups["version"].Value, $"{Releases}/{machine.Trim()}/{match.Groups["version"].Value}-RELEASE/base.txz")
            : throw new KleeneException($"'{release.Trim()}' is not a release, so that its base system is not published; fetch one with 'kleene image create fetch {Releases}/…/base.txz'");
    }

    [GeneratedRegex(@"\A(?<version>\d{1,2}\.\d{1,2})-RELEASE(-p\d+)?\z")]
    private static partial Regex ReleaseForm();

    [GeneratedRegex(@"\A[a-z0-9_]+\z")]
    private static partial Regex MachineForm();
}
