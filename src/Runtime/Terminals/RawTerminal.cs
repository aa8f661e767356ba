using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Terminals;

/// <summary>
/// Our terminal while every key belongs to somebody else: nothing is echoed, edited or turned into a signal here (termios(3)).
/// Disposing of it gives the terminal back as it was.
/// </summary>
internal sealed unsafe class RawTerminal : IDisposable
{
    private const int Input = 0;

    private readonly byte[] before;

    private RawTerminal(byte[] before) => this.before = before;

    /// <summary>Null when our standard input is no terminal.</summary>
    public static RawTerminal? TryTake()
    {
        var before = new byte[NativeMethods.OpaqueTerminalSize];
        fixed (byte* settings = before)
        {
            if (NativeMethods.tcgetattr(Input, settings) != 0)
            {
                return null;
            }
        }

        var raw = (byte[])before.Clone();
        fixed (byte* settings = raw)
        {
            NativeMethods.cfmakeraw(settings);
            return NativeMethods.tcsetattr(Input, NativeMethods.TCSADRAIN, settings) == 0 ? new RawTerminal(before) : throw Errno.LastException("tcsetattr");
        }
    }

    public void Dispose()
    {
        fixed (byte* settings = before)
        {
            _ = NativeMethods.tcsetattr(Input, NativeMethods.TCSADRAIN, settings);
        }
    }
}
