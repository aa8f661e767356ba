namespace Kleene.Build.Runtime.Space;

/// <summary>The store may not grow any more.</summary>
/// <param name="taken">What it takes, in bytes.</param>
/// <param name="maximum">What it may take.</param>
public sealed class StoreLimitException(long taken, long maximum) : KleeneException(
    $"the store has reached its max-size of {Sizes.Metric(maximum)}: it takes {Sizes.Metric(taken)}, and nothing is left of the build cache that could be evicted; "
    + "'kleene system df' shows what takes the space, 'kleene image rm', 'kleene rm' and 'kleene volume rm' free it, 'kleene system set max-size=SIZE' allows more");
