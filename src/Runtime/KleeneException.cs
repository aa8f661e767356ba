namespace Kleene.Build.Runtime;

/// <summary>
/// What the machine or the request made impossible. The message is written for the person who typed the command:
/// lower case, no final stop, and it names what to change.
/// </summary>
public class KleeneException : Exception
{
    public KleeneException(string message)
        : base(message)
    {
    }

    public KleeneException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
