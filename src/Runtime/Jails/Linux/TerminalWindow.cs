using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Terminals;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// Gives a jail's pseudo-terminal the size of ours, at the start and whenever ours changes. runc does so by itself; crun 1.8 takes the
/// size only from the configuration and passes the signal on without it.
/// </summary>
internal sealed class TerminalWindow : IDisposable
{
    private readonly string processIdFile;
    private readonly PosixSignalRegistration resized;

    private TerminalWindow(string processIdFile)
    {
        this.processIdFile = processIdFile;
        resized = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => PassOn());
    }

    /// <summary>The size of the terminal that a process shares with us; null for one that wants none.</summary>
    /// <exception cref="JailStartException">Our standard input is no terminal.</exception>
    public static WindowSize? SizeFor(JailProcess process) =>
        !process.Terminal ? null
        : WindowSize.TryOfInput() ?? throw new JailStartException(JailStartFailure.Jail, "a terminal was asked for, but standard input is none; leave out -t");

    /// <param name="processIdFile">Where the runtime writes the number of the process that the terminal is given to.</param>
    public static TerminalWindow Follow(string processIdFile) => new(processIdFile);

    public void Dispose() => resized.Dispose();

    private void PassOn()
    {
        if (Bundle.ReadProcessId(processIdFile) is not { } pid || WindowSize.TryOfInput() is not { } size)
        {
            return;
        }

        // The process's standard input is its end of the pseudo-terminal; the size belongs to both ends (ioctl_tty(2)). When it is
        // something else by now, the call fails and there is nothing to resize.
        using var terminal = NativeMethods.open(
            $"/proc/{pid}/fd/0", NativeMethods.O_RDONLY | NativeMethods.O_NOCTTY | NativeMethods.O_NONBLOCK | NativeMethods.O_CLOEXEC, 0);
        if (!terminal.IsInvalid)
        {
            size.SetOn(terminal);
        }
    }
}
