using Kleene.Build.Runtime;

namespace Kleene.Build.Cli;

/// <summary>The command line asks for something that cannot be meant.</summary>
internal class UsageException(string message) : KleeneException(message);
