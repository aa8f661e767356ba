using Xunit;

namespace Kleene.Build.Testing;

/// <summary>As <see cref="RootFactAttribute"/>, for a table of cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootTheoryAttribute : TheoryAttribute
{
    public RootTheoryAttribute()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Skip = "needs the superuser";
        }
    }
}
