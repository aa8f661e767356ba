using Xunit;

namespace Kleene.Build.Testing;

/// <summary>A test that makes what only the superuser may: owners, device nodes, mounts.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute() => Skip = RootNeed.Reason;
}

/// <summary>As <see cref="RootFactAttribute"/>, for a table of cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootTheoryAttribute : TheoryAttribute
{
    public RootTheoryAttribute() => Skip = RootNeed.Reason;
}

internal static class RootNeed
{
    public static string? Reason { get; } = Environment.IsPrivilegedProcess ? null : "needs the superuser";
}
