using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Terminals;

/// <summary>
/// Our own terminal while it stands for another one, of a process elsewhere: every key is that one's, and it has the size of ours, from now on and whenever
/// ours changes. Disposing of it gives our terminal back as it was.
/// </summary>
internal sealed class ConnectedTerminal : IDisposable
{
    private readonly RawTerminal? raw;
    private readonly PosixSignalRegistration resized;

    /// <param name="takesKeys">Whether what is typed goes there.</param>
    /// <param name="pass">Gives the other terminal a size.</param>
    public ConnectedTerminal(bool takesKeys, Action<WindowSize> pass)
    {
        raw = takesKeys ? RawTerminal.TryTake() : null;
        resized = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Pass(pass));
        Pass(pass);
    }

    public void Dispose()
    {
        resized.Dispose();
        raw?.Dispose();
    }

    private static void Pass(Action<WindowSize> pass)
    {
        if (WindowSize.TryOfInput() is { } size)
        {
            pass(size);
        }
    }
}
