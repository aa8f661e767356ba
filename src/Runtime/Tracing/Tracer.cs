namespace Kleene.Build.Runtime.Tracing;

/// <summary>
/// Asks where the time of this command goes. When nobody wants to know, that is a look at a null and nothing more. What is traced says so
/// where it happens: <c>using var traced = Tracer.Begin("clone");</c>
/// </summary>
public static class Tracer
{
    private static Timeline? current;

    /// <summary>What is traced, and up to now; null when nothing is.</summary>
    public static Timeline? Current => current;

    /// <summary>Traces all that begins from now on.</summary>
    public static void Use(Timeline timeline) => current = timeline;

    /// <summary>Begins a span, in which those lie that begin before it is disposed of.</summary>
    /// <param name="name">What is done, in a few words that are the same each time.</param>
    /// <param name="detail">With what.</param>
    /// <param name="number">Of a step of a build; 0 for all else.</param>
    public static OpenSpan Begin(string name, string? detail = null, int number = 0) => current is { } timeline ? timeline.Begin(name, detail, number) : default;
}
