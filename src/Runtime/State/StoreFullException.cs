using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.State;

/// <summary>The database cannot grow any more.</summary>
public sealed class StoreFullException(string message, Exception innerException) : KleeneException(message, innerException)
{
    /// <summary>Whether an error number (errno(3)) says that a disk, or somebody's share of it, is full.</summary>
    public static bool IsFull(int number) => number == Errno.ENOSPC || number == Errno.EDQUOT;
}
