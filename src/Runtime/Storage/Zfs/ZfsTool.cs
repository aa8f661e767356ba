using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Storage.Zfs;

/// <summary>
/// Runs zfs(8), in the subset that zfs-fuse, OpenZFS and FreeBSD share.
/// A command that was begun is not cancelled, for then nobody knew what it had done;
/// but each has a time limit, because a daemon in user space can hang.
/// </summary>
/// <param name="runner">Runs it.</param>
/// <param name="program">Its name; or its full path where others of that name may stand in the way.</param>
internal sealed class ZfsTool(IProcessRunner runner, string program = "zfs")
{
    /// <summary>FreeBSD's own. A Linux binary there would find a program of its Linux root first.</summary>
    public const string FreeBsdProgram = "/sbin/zfs";

    private static readonly TimeSpan CommandTime = TimeSpan.FromMinutes(1);

    /// <summary>How long a dataset may stay busy: zfs-fuse unmounts asynchronously, and a destroy just after that nearly always fails once.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    /// <exception cref="ProcessFailedException">It failed, for whatever reason.</exception>
    public Task<string> RunAsync(params string[] arguments) => runner.RunToolAsync(Command(arguments), CancellationToken.None);

    /// <summary>What the command failed with, or null; failures that nobody understands are thrown.</summary>
    /// <param name="subject">The dataset that the command is about.</param>
    /// <param name="path">Where it is mounted, for the commands that name the path in their messages.</param>
    public async Task<ZfsFailure?> TryRunAsync(string subject, string path, params string[] arguments)
    {
        var command = Command(arguments);
        var result = await runner.RunAsync(command, ProcessOutput.Captured, CancellationToken.None);
        if (result.Exit.Success)
        {
            return null;
        }

        var failure = ZfsErrors.Read(result.Error, subject, path);
        return failure == ZfsFailure.Unknown ? throw new ProcessFailedException(command, result) : failure;
    }

    /// <summary>As <see cref="TryRunAsync"/>, again and again while the dataset is busy.</summary>
    public async Task<ZfsFailure?> TryRunWhileBusyAsync(string subject, string path, CancellationToken cancellationToken, params string[] arguments)
    {
        var started = TimeProvider.System.GetTimestamp();
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var failure = await TryRunAsync(subject, path, arguments);
            if (failure != ZfsFailure.Busy || TimeProvider.System.GetElapsedTime(started) > Patience)
            {
                return failure;
            }

            await Task.Delay(pause, cancellationToken);
        }
    }

    public CommandLine Command(params string[] arguments) => new(program, [.. arguments]) { Timeout = CommandTime };
}
