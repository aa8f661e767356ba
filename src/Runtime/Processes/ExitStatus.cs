namespace Kleene.Build.Runtime.Processes;

/// <summary>How a process ended: with a code, or by a signal (wait(2)).</summary>
public readonly record struct ExitStatus(int Code, int Signal = 0)
{
    public bool Success => Code == 0 && Signal == 0;

    /// <summary>The number a shell shows: the code, or 128 and the signal.</summary>
    public int ShellCode => Signal == 0 ? Code : 128 + Signal;

    public override string ToString() => Signal == 0 ? $"exit code {Code}" : $"signal {Signal}";
}
