using System.Globalization;
using System.IO.Pipes;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Processes;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Users;

/// <summary>
/// A user namespace in which nobody is: by it the kernel is told how a mount shows the owners of files (mount_setattr(2), "ID-mapped mounts").
/// A process with several threads cannot make one for itself, so unshare(1) does, and goes again as soon as there is a handle. Linux only.
/// </summary>
public sealed class UserNamespace : IDisposable
{
    private UserNamespace(UserRange range, SafeFileHandle handle)
    {
        Range = range;
        Handle = handle;
    }

    public UserRange Range { get; }

    internal SafeFileHandle Handle { get; }

    /// <exception cref="KleeneException">The kernel allows no user namespaces, or not these ids.</exception>
    public static async Task<UserNamespace> OpenAsync(UserRange range, IProcessRunner processes, CancellationToken cancellationToken)
    {
        using var input = new AnonymousPipeServerStream(PipeDirection.Out, HandleInheritability.None);
        using var output = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None);
        var pid = 0;
        var command = CommandLine.Of("unshare", "--user", "--", "cat") with { InputFile = input.ClientSafePipeHandle, Started = started => pid = started };
        var run = processes.RunAsync(command, ProcessOutput.ToFile(output.ClientSafePipeHandle), cancellationToken);

        // What comes back says that it is in its namespace.
        input.WriteByte((byte)'\n');
        var answer = output.ReadExactlyAsync(new byte[1], cancellationToken).AsTask();
        UserNamespace? made = null;
        if (await Task.WhenAny(run, answer) == answer)
        {
            made = new UserNamespace(range, Map(pid, range));
        }

        input.DisposeLocalCopyOfClientHandle();
        input.Dispose();
        var result = await run;
        return made ?? throw new KleeneException(
            $"no user namespace can be made: {result.Error.Trim()}; the sysctl user.max_user_namespaces bounds them", new ProcessFailedException(command, result));
    }

    public void Dispose() => Handle.Dispose();

    private static SafeFileHandle Map(int pid, UserRange range)
    {
        // A whole map is written at once, and only once (user_namespaces(7)).
        var map = string.Create(CultureInfo.InvariantCulture, $"0 {range.First} {range.Count}\n");
        try
        {
            File.WriteAllText($"/proc/{pid}/uid_map", map);
            File.WriteAllText($"/proc/{pid}/gid_map", map);
        }
        catch (IOException exception)
        {
            throw new KleeneException($"the ids from {range.First} on cannot be given to a container: {exception.Message}", exception);
        }

        var handle = NativeMethods.open($"/proc/{pid}/ns/user", NativeMethods.O_CLOEXEC);
        return handle.IsInvalid ? throw Errno.LastException($"open '/proc/{pid}/ns/user'") : handle;
    }
}
