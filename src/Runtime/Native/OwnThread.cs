using System.Runtime.ExceptionServices;

namespace Kleene.Build.Runtime.Native;

/// <summary>
/// Work that changes what the kernel keeps of a single thread: its namespaces, its working directory. A thread passes that on to threads that it
/// starts, and the thread pool starts threads from wherever it is asked: so such work has a thread to itself, which is gone when it is done.
/// </summary>
internal static class OwnThread
{
    private const int StackBytes = 256 * 1024;

    /// <summary>Waits for it; what it throws is thrown here.</summary>
    public static T Run<T>(Func<T> work)
    {
        T result = default!; // Set, or thrown instead.
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    result = work();
                }
                catch (Exception exception)
                {
                    failure = ExceptionDispatchInfo.Capture(exception);
                }
            },
            StackBytes);
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }
}
