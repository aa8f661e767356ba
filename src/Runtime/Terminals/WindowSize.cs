using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Terminals;

/// <summary>How large a terminal is: <c>struct winsize</c> (ioctl_tty(2), tty(4)).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct WindowSize(ushort Rows, ushort Columns)
{
    // In points, which nobody says.
    private readonly ushort width;
    private readonly ushort height;

    /// <summary>Of the terminal that our standard input is; null when it is none.</summary>
    public static unsafe WindowSize? TryOfInput()
    {
        WindowSize size;
        return NativeMethods.ioctl(0, NativeMethods.TIOCGWINSZ, &size) == 0 ? size : null;
    }

    /// <summary>Gives a terminal this size, at either of its ends; what runs on it learns of that. One that has gone is left alone.</summary>
    public unsafe void SetOn(SafeHandle terminal)
    {
        var size = this;
        _ = NativeMethods.ioctl((int)terminal.DangerousGetHandle(), NativeMethods.TIOCSWINSZ, &size);
    }
}
