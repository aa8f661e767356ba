using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// Resolves a path inside a root one component at a time, for kernels without openat2: every directory on the way stays open, so
/// that <c>..</c> goes back to where we came from and not to wherever the directory was moved meanwhile.
/// </summary>
internal sealed class StepwiseResolver : IDirectoryResolver
{
    /// <summary>As many as Linux follows, path_resolution(7).</summary>
    public const int MaximumLinks = 40;

    public SafeFileHandle? Open(SafeFileHandle root, UnixPath path, LinkRule links) => Open(root, path, links, out _);

    /// <param name="realPath">The directory's path without links and dots, relative to the root.</param>
    public static SafeFileHandle? Open(SafeFileHandle root, UnixPath path, LinkRule links, out UnixPath realPath)
    {
        realPath = default;
        using var trail = new Trail(root);
        var pending = new Stack<byte[]>();
        Push(pending, path.Bytes);
        var followed = 0;

        while (pending.TryPop(out var component))
        {
            if (component is [(byte)'.', (byte)'.', 0])
            {
                trail.Up();
                continue;
            }

            if (FileCalls.ReadLink(trail.Current, component) is { } target)
            {
                if (links == LinkRule.Refuse || ++followed > MaximumLinks || target.Length == 0)
                {
                    Marshal.SetLastPInvokeError(Errno.ELOOP);
                    return null;
                }

                if (target[0] == '/')
                {
                    trail.ToRoot();
                }

                Push(pending, target);
                continue;
            }

            // A link that was put here since the question above is refused by O_NOFOLLOW.
            if (FileCalls.Open(trail.Current, component, Abi.O_RDONLY | Abi.O_DIRECTORY) is not { } directory)
            {
                return null;
            }

            trail.Down(directory, component);
        }

        realPath = trail.Path;
        return FileCalls.Open(trail.Current, ".\0"u8, Abi.O_RDONLY | Abi.O_DIRECTORY);
    }

    private static void Push(Stack<byte[]> pending, ReadOnlySpan<byte> path)
    {
        var end = path.Length;
        for (var i = path.Length - 1; i >= -1; i--)
        {
            if (i >= 0 && path[i] != '/')
            {
                continue;
            }

            var component = path[(i + 1)..end];
            if (!component.IsEmpty && !component.SequenceEqual("."u8))
            {
                pending.Push([.. component, 0]);
            }

            end = i;
        }
    }

    /// <summary>The open directories from the root to here.</summary>
    private sealed class Trail(SafeFileHandle root) : IDisposable
    {
        private readonly List<(SafeFileHandle Directory, byte[] Name)> steps = [];

        public SafeFileHandle Current => steps.Count == 0 ? root : steps[^1].Directory;

        public UnixPath Path => steps.Aggregate(UnixPath.Empty, (path, step) => path.Append(step.Name.AsSpan(0, step.Name.Length - 1)));

        public void Down(SafeFileHandle directory, byte[] name) => steps.Add((directory, name));

        public void Up()
        {
            if (steps.Count > 0)
            {
                steps[^1].Directory.Dispose();
                steps.RemoveAt(steps.Count - 1);
            }
        }

        public void ToRoot()
        {
            while (steps.Count > 0)
            {
                Up();
            }
        }

        public void Dispose()
        {
            // Closing succeeds, but must not replace the reason that the caller is about to read.
            var error = Errno.Last;
            ToRoot();
            Marshal.SetLastPInvokeError(error);
        }
    }
}
