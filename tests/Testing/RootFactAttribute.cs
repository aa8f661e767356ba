using Xunit;

namespace Kleene.Build.Testing;

/// <summary>A test that needs the superuser: it makes devices, changes owners or mounts.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Skip = "needs the superuser";
        }
    }
}
