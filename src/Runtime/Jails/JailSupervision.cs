using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Jails;

/// <summary>What the supervisor of a jail does beside waiting for its end.</summary>
public sealed record JailSupervision
{
    /// <summary>Where what the jail prints is kept, a line each with its time and stream. It is made when it is not there, and appended to.</summary>
    public required string LogFile { get; init; }

    /// <summary>Whether the first process has an input that somebody may write to who attaches, instead of an empty one.</summary>
    public bool KeepsInput { get; init; }

    /// <summary>Whether that input stays open when who wrote to it leaves.</summary>
    public bool InputOutlivesWriter { get; init; }

    /// <summary>A command of ours that supervises the jail, for systems that have no program for it.</summary>
    public ImmutableArray<string> SuperviseCommand { get; init; } = [];

    /// <summary>A command of ours that becomes the first process, where that can have a terminal of its own in no other way.</summary>
    public ImmutableArray<string> LeadCommand { get; init; } = [];

    /// <summary>A program and its arguments, run when the jail has ended. Absolute.</summary>
    public required ImmutableArray<string> EndCommand { get; init; }

    /// <summary><c>NAME=value</c>: the environment of that program.</summary>
    public ImmutableArray<string> Environment { get; init; } = [];

    /// <summary>Open files that the supervisor keeps open until the jail has ended, such as locks.</summary>
    public ImmutableArray<SafeHandle> Held { get; init; } = [];
}

/// <summary>How a jail's first process ended.</summary>
/// <param name="ExitCode">As a shell shows it: 128 and the number of the signal, when one ended it; null when nobody saw it.</param>
/// <param name="OutOfMemory">Whether the system killed something in it because it was at its limit of memory.</param>
public sealed record JailEnd(int? ExitCode, bool OutOfMemory);

/// <summary>A connection with the streams of a jail's first process. Several may be there at a time.</summary>
public interface IJailConsole : IDisposable
{
    /// <summary>
    /// Copies until the jail's output ends or the user leaves: its output to our standard output and error stream, and when asked our
    /// standard input to it.
    /// </summary>
    Task<ConsoleEnd> RelayAsync(ConsoleRequest request, CancellationToken cancellationToken);
}

/// <param name="Input">Whether our standard input goes to the jail.</param>
/// <param name="Terminal">Whether both sides are terminals: ours then hands every key on, and its size.</param>
/// <param name="DetachKeys">What is typed at a terminal to leave; empty: there is no way but the end.</param>
public sealed record ConsoleRequest(bool Input, bool Terminal, ImmutableArray<byte> DetachKeys);

public enum ConsoleEnd
{
    /// <summary>The jail has nothing more to say.</summary>
    Ended,

    /// <summary>The user left; the jail goes on.</summary>
    Detached,
}
