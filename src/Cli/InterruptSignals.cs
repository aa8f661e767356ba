using System.Runtime.InteropServices;

namespace Kleene.Build.Cli;

/// <summary>
/// Turns the signals that ask us to end into a cancelled token, so that jails and mounts are given back. A command that runs a
/// container in the foreground takes them over for it.
/// </summary>
internal sealed class InterruptSignals : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly PosixSignalRegistration[] registrations;
    private Func<PosixSignal, bool>? takeOver;

    public InterruptSignals() =>
        registrations = [Register(PosixSignal.SIGINT), Register(PosixSignal.SIGTERM), Register(PosixSignal.SIGHUP)];

    public CancellationToken Token => source.Token;

    /// <summary>From now on signals go to the handler; what it returns false for still cancels.</summary>
    public void TakeOver(Func<PosixSignal, bool> handler) => takeOver = handler;

    public void Dispose()
    {
        foreach (var registration in registrations)
        {
            registration.Dispose();
        }

        source.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        if (takeOver?.Invoke(context.Signal) != true)
        {
            source.Cancel();
        }
    });
}
