namespace Kleene.Build.Runtime.State;

/// <summary>The database cannot grow any more.</summary>
public sealed class StoreFullException(string message, Exception innerException) : KleeneException(message, innerException);
