using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Processes;

/// <summary>What becomes the standard streams of a program.</summary>
/// <param name="Input">0 keeps ours, less gives it an empty one.</param>
/// <param name="Output">Less than 0 keeps ours, and our error stream too.</param>
internal readonly record struct StandardDescriptors(int Input, int Output, int Error);

/// <summary>Where a program stands among processes, which decides whose signals and terminal reach it.</summary>
internal enum SpawnPlace
{
    /// <summary>In our process group: it shares our terminal.</summary>
    OurGroup,

    /// <summary>In a process group of its own: what is typed at our terminal does not reach it.</summary>
    OwnGroup,

    /// <summary>In a session of its own: it has no terminal at all, and outlives ours.</summary>
    OwnSession,
}

/// <summary>Starts programs by posix_spawn(3). Knows nothing of what becomes of them.</summary>
internal static unsafe class Spawner
{
    /// <returns>The number of the process, which is the caller's to wait for.</returns>
    /// <param name="place">Where it stands among our processes.</param>
    public static int Spawn(CommandLine command, string path, SpawnPlace place, StandardDescriptors standard)
    {
        var actions = stackalloc byte[NativeMethods.OpaqueSize];
        var attributes = stackalloc byte[NativeMethods.OpaqueSize];
        var signals = stackalloc byte[NativeMethods.OpaqueSize];
        using var argv = new NativeStrings([command.Program, .. command.Arguments]);
        using var environment = new NativeStrings(command.Environment.AsSpan());
        Check(NativeMethods.posix_spawn_file_actions_init(actions), "posix_spawn_file_actions_init");
        Check(NativeMethods.posix_spawnattr_init(attributes), "posix_spawnattr_init");
        try
        {
            if (standard.Input > 0)
            {
                Check(NativeMethods.posix_spawn_file_actions_adddup2(actions, standard.Input, 0), "adddup2");
            }
            else if (standard.Input < 0)
            {
                Check(NativeMethods.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", NativeMethods.O_RDONLY, 0), "addopen");
            }

            if (standard.Output >= 0)
            {
                Check(NativeMethods.posix_spawn_file_actions_adddup2(actions, standard.Output, 1), "adddup2");
                Check(NativeMethods.posix_spawn_file_actions_adddup2(actions, standard.Error, 2), "adddup2");
            }

            foreach (var file in command.InheritedFiles)
            {
                // Onto itself: that only takes the mark off which closes it at exec (posix_spawn_file_actions_adddup2(3)).
                var descriptor = (int)file.DangerousGetHandle();
                Check(NativeMethods.posix_spawn_file_actions_adddup2(actions, descriptor, descriptor), "adddup2");
            }

            if (command.WorkingDirectory is { } directory)
            {
                Check(NativeMethods.posix_spawn_file_actions_addchdir_np(actions, directory), "addchdir");
            }

            var standing = place switch { SpawnPlace.OwnGroup => NativeMethods.SpawnSetProcessGroup, SpawnPlace.OwnSession => NativeMethods.SpawnSetSession, _ => 0 };
            var flags = (short)(NativeMethods.SpawnSetDefaultSignals | NativeMethods.SpawnSetSignalMask | standing);
            Check(NativeMethods.posix_spawnattr_setflags(attributes, flags), "setflags");
            Check(NativeMethods.posix_spawnattr_setpgroup(attributes, 0), "setpgroup");

            // The runtime ignores SIGPIPE and blocks others; a program expects what execve(2) gives it from a shell.
            _ = NativeMethods.sigfillset(signals);
            Check(NativeMethods.posix_spawnattr_setsigdefault(attributes, signals), "setsigdefault");
            _ = NativeMethods.sigemptyset(signals);
            Check(NativeMethods.posix_spawnattr_setsigmask(attributes, signals), "setsigmask");

            Check(NativeMethods.posix_spawn(out var pid, path, actions, attributes, argv.Pointer, environment.Pointer), $"run '{path}'");
            return pid;
        }
        finally
        {
            _ = NativeMethods.posix_spawn_file_actions_destroy(actions);
            _ = NativeMethods.posix_spawnattr_destroy(attributes);
        }
    }

    private static void Check(int error, string operation)
    {
        if (error != 0)
        {
            throw Errno.Exception(error, operation);
        }
    }
}
