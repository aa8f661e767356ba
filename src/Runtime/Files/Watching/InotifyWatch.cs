using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Processes;
using Microsoft.Win32.SafeHandles;
using Calls = Kleene.Build.Runtime.Processes.NativeMethods;

namespace Kleene.Build.Runtime.Files.Watching;

/// <summary>
/// By inotify(7). Directories are watched and never files: an editor that saves puts a new file in the place of the old one, and a watch would go with that. The framework's watcher
/// takes a thread and a queue for each directory, and follows links.
/// </summary>
internal sealed class InotifyWatch : DirectoryWatch
{
    private const int StackBytes = 256 * 1024;

    private const uint Mask = NativeMethods.IN_MODIFY | NativeMethods.IN_ATTRIB | NativeMethods.IN_CLOSE_WRITE | NativeMethods.IN_MOVED_FROM | NativeMethods.IN_MOVED_TO
        | NativeMethods.IN_CREATE | NativeMethods.IN_DELETE | NativeMethods.IN_ONLYDIR;

    private readonly Lock gate = new();
    private readonly SafeFileHandle queue;
    private readonly WakePipe closing = new();
    private readonly Thread reader;
    private Dictionary<int, List<string>> watched = [];

    private InotifyWatch(SafeFileHandle queue)
    {
        this.queue = queue;
        reader = new Thread(Watch, StackBytes) { IsBackground = true, Name = "inotify" };
        reader.Start();
    }

    /// <summary>Null where the kernel does not have it: FreeBSD's before 15, also under its Linux ABI.</summary>
    public static InotifyWatch? TryOpen()
    {
        if (Abi.IsFreeBsd)
        {
            return null;
        }

        var queue = NativeMethods.inotify_init1(NativeMethods.IN_NONBLOCK | NativeMethods.IN_CLOEXEC);
        if (!queue.IsInvalid)
        {
            return new InotifyWatch(queue);
        }

        var error = Errno.Last;
        queue.Dispose();
        return error == Errno.ENOSYS ? null : throw new KleeneException(
            $"nothing can be watched: {Errno.Exception(error, "inotify_init").Message}; 'sysctl fs.inotify.max_user_instances' says how many may watch at a time");
    }

    public override void Watch(IReadOnlyCollection<string> directories)
    {
        lock (gate)
        {
            // All of them anew: of one that is watched already the kernel gives the same number, and of another in its place another.
            var now = new Dictionary<int, List<string>>();
            foreach (var directory in directories)
            {
                if (Add(directory) is not { } number)
                {
                    continue;
                }

                ref var names = ref CollectionsMarshal.GetValueRefOrAddDefault(now, number, out _);
                (names ??= []).Add(directory);
            }

            foreach (var number in watched.Keys.Where(number => !now.ContainsKey(number)))
            {
                // One that has gone has no number any more.
                _ = NativeMethods.inotify_rm_watch(queue, number);
            }

            watched = now;
        }
    }

    public override void Dispose()
    {
        if (queue.IsClosed)
        {
            return;
        }

        closing.Set();
        reader.Join();
        queue.Dispose();
        closing.Dispose();
    }

    private unsafe int? Add(string directory)
    {
        fixed (byte* path = UnixPath.FromText(directory).Terminated)
        {
            var number = NativeMethods.inotify_add_watch(queue, path, Mask);
            return number >= 0 ? number : Errno.Last switch
            {
                Errno.ENOENT or Errno.ENOTDIR or Errno.EACCES => null,
                Errno.ENOSPC => throw new KleeneException($"'{directory}' cannot be watched: so many directories are watched already as 'sysctl fs.inotify.max_user_watches' allows"),
                var error => throw Errno.Exception(error, $"inotify_add_watch '{directory}'"),
            };
        }
    }

    private void Watch()
    {
        try
        {
            Read();
            Told.Complete();
        }
        catch (Exception exception)
        {
            // Whatever it is belongs to who reads: an exception that leaves a thread ends the process.
            Told.Complete(exception);
        }
    }

    private unsafe void Read()
    {
        // Room for many events, and for one of the longest name at least.
        const int Size = 64 * 1024;
        var buffer = (byte*)NativeMemory.AlignedAlloc(Size, (nuint)sizeof(NativeMethods.Event));
        try
        {
            var descriptors = stackalloc Calls.PollDescriptor[2];
            while (true)
            {
                descriptors[0] = new() { Descriptor = (int)queue.DangerousGetHandle(), Events = Calls.POLLIN };
                descriptors[1] = new() { Descriptor = closing.Descriptor, Events = Calls.POLLIN };
                if (Calls.poll(descriptors, 2, -1) < 0 && Errno.Last != Errno.EINTR)
                {
                    throw Errno.LastException("poll");
                }

                if (descriptors[1].Returned != 0)
                {
                    return;
                }

                var count = descriptors[0].Returned == 0 ? 0 : Calls.read(descriptors[0].Descriptor, buffer, Size);
                if (count < 0 && Errno.Last != Errno.EINTR && Errno.Last != Errno.EAGAIN)
                {
                    throw Errno.LastException("read of inotify");
                }

                for (var at = 0; at < count;)
                {
                    var happened = (NativeMethods.Event*)(buffer + at);
                    Tell(*happened, happened->Length == 0 ? [] : MemoryMarshal.CreateReadOnlySpanFromNullTerminated(buffer + at + sizeof(NativeMethods.Event)));
                    at += sizeof(NativeMethods.Event) + (int)happened->Length;
                }
            }
        }
        finally
        {
            NativeMemory.AlignedFree(buffer);
        }
    }

    private void Tell(NativeMethods.Event happened, ReadOnlySpan<byte> name)
    {
        if ((happened.Mask & NativeMethods.IN_Q_OVERFLOW) != 0)
        {
            Told.TryWrite(new DirectoryChange("", null));
            return;
        }

        // Of the directory itself: the one that it is in tells the same.
        if (name.IsEmpty || (happened.Mask & NativeMethods.IN_IGNORED) != 0)
        {
            return;
        }

        lock (gate)
        {
            foreach (var directory in watched.GetValueOrDefault(happened.Watch) ?? [])
            {
                Told.TryWrite(new DirectoryChange(directory, UnixPath.FromBytes(name).ToString()));
            }
        }
    }
}
