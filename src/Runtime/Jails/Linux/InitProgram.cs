using System.Collections.Immutable;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// A small program that can be a jail's first process instead of a command that was not written for it: it passes signals on, and waits for those whose
/// parents have ended. It is the host's and shown to the jail read-only, so it has to be one that needs no libraries.
/// </summary>
internal static class InitProgram
{
    private const int HeadBytes = 4096;

    /// <summary>Where the jail sees it: in its own /dev, so that nothing is made for it in the tree.</summary>
    private const string Place = "/dev/init";

    private static readonly ImmutableArray<string> Candidates = ["catatonit", "/usr/libexec/podman/catatonit", "tini-static", "docker-init", "tini", "dumb-init"];

    public static ImmutableArray<string> Argv(ImmutableArray<string> command) => [Place, "--", .. command];

    /// <exception cref="JailStartException">There is none.</exception>
    public static JailMount Mount() => new(Find(), Place, ReadOnly: true);

    private static string Find() =>
        Candidates.Select(ProgramPath.Find).OfType<string>().FirstOrDefault(IsStatic) ?? throw new JailStartException(
            JailStartFailure.Jail, "--init needs a small init program that needs no libraries, and none is installed; install one, for instance by 'apt-get install catatonit' (or tini)");

    private static bool IsStatic(string path)
    {
        var head = new byte[HeadBytes];
        using var file = File.OpenHandle(path);
        var count = RandomAccess.Read(file, head, fileOffset: 0);
        return ElfHeader.IsNative(head.AsSpan(0, count)) && ElfHeader.Interpreter(head.AsSpan(0, count)) is null;
    }
}
