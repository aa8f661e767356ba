namespace Kleene.Build.Runtime.Processes;

/// <summary>Starts a program for us, as a child of its own, and tells of its end.</summary>
public interface IProcessStarter
{
    /// <param name="input">The descriptor of what it reads, as those of what it writes to: they stay the caller's.</param>
    /// <returns>
    /// A descriptor, the caller's to close, from which four bytes can be read when it has ended, what wait(2) says of it; or nothing, when its end will
    /// never be known because whoever started it has ended itself.
    /// </returns>
    int Start(int input, int output, int errors);
}
