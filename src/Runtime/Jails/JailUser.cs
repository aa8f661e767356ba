using System.Collections.Immutable;

namespace Kleene.Build.Runtime.Jails;

/// <summary>Who a command runs as, in numbers, and where that user is at home.</summary>
internal sealed record JailUser(uint UserId, uint GroupId, ImmutableArray<uint> AdditionalGroups, string Home);
