using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Processes;

/// <summary>A program and its arguments as they reach execve(2). No shell ever sees them.</summary>
public sealed record CommandLine(string Program, ImmutableArray<string> Arguments)
{
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(2);

    /// <summary><c>NAME=value</c>. Tools get a fixed path and the C locale, so that their messages can be read.</summary>
    public ImmutableArray<string> Environment { get; init; } = ToolEnvironment;

    /// <summary>What the program is called where its path does not tell; empty where that does.</summary>
    public string Name { get; init; } = "";

    /// <summary>Null: where this process stands.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>After this time the process is stopped and <see cref="ProcessTimeoutException"/> thrown. May be infinite.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>How long a process that was asked to stop may take before it is killed.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What the process reads from its standard input; nothing when empty.</summary>
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>An open file or pipe to read from instead. It stays the caller's to close.</summary>
    public SafeHandle? InputFile { get; init; }

    /// <summary>Who starts it; null: we do. Then <see cref="Program"/> is a name for messages only, and nobody but its starter can stop it.</summary>
    public IProcessStarter? Starter { get; init; }

    /// <summary>Told the number of the process as soon as it has one.</summary>
    public Action<int>? Started { get; init; }

    /// <summary>Open files that the process has under the same numbers as we. They stay the caller's to close.</summary>
    public ImmutableArray<SafeHandle> InheritedFiles { get; init; } = [];

    /// <summary>
    /// Mount points that the process must not see. It then gets a mount namespace of its own in which they are
    /// detached, and which receives later mounts of ours (MS_SLAVE). Linux only.
    /// </summary>
    public ImmutableArray<string> HiddenMounts { get; init; } = [];

    public static ImmutableArray<string> ToolEnvironment { get; } =
        ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/root"];

    public static CommandLine Of(string program, params ReadOnlySpan<string> arguments) => new(program, [.. arguments]);

    /// <summary>For messages: quoted so that a person can paste it into a shell.</summary>
    public override string ToString() => string.Join(' ', Arguments.Prepend(Name.Length > 0 ? Name : Program).Select(Quote));

    private static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=@,+%".Contains(c, StringComparison.Ordinal))
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
