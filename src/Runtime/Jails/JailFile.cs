using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Jails;

/// <summary>A read-only file that exists in memory as long as the jail does, such as a secret. It never reaches a disk.</summary>
/// <param name="Destination">Absolute path in the jail; made when missing, and resolved inside the jail's root.</param>
/// <param name="Content">What is in it.</param>
/// <param name="Permissions">The twelve bits.</param>
/// <param name="Owner">Numbers of the jail.</param>
public sealed record JailFile(string Destination, ReadOnlyMemory<byte> Content, uint Permissions, FileOwner Owner);
