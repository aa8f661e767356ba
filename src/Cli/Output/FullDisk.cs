using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.State;

namespace Kleene.Build.Cli.Output;

/// <summary>Tells a disk that is full, of blocks or of inodes, from all other failures, and what of ours can be given up.</summary>
internal static class FullDisk
{
    private const string Advice = "; 'kleene image prune', 'kleene volume prune' and 'kleene rm' free what nobody needs, and 'df' and 'df -i' show what is full";

    /// <summary>Of a step's failure, of which there is only the text: strerror(3).</summary>
    public static string Hint(string message) => message.Contains("no space left on device", StringComparison.OrdinalIgnoreCase) ? Advice : "";

    /// <summary>The end of a message; empty where space is not what is missing.</summary>
    public static string Hint(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is StoreFullException || (cause is FileOperationException { ErrorNumber: var number } && IsFull(number)) || (cause is IOException && IsFull(cause.HResult)))
            {
                return Advice;
            }
        }

        return "";
    }

    private static bool IsFull(int number) => StoreFullException.IsFull(number);
}
