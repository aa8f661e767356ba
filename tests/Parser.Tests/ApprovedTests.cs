using Kleene.Build.Testing.Approvals;
using Xunit.Sdk;

namespace Kleene.Build.Parser.Tests;

public sealed class ApprovedTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("approved ").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [NotApprovingFact]
    public void Text_that_is_not_what_was_approved_fails_with_the_first_difference()
    {
        var path = Path.Combine(folder, "a.approved.txt");
        File.WriteAllText(path, "one\ntwo\n");

        var failure = Assert.ThrowsAny<XunitException>(() => Approved.Matches("one\n2\n", path));

        Assert.Contains("line 2\n  approved: two\n  actual:   2", failure.Message, StringComparison.Ordinal);
        Assert.Equal("one\ntwo\n", File.ReadAllText(path));
    }

    [NotApprovingFact]
    public void No_file_stands_for_no_text()
    {
        var path = Path.Combine(folder, "none.approved.txt");

        Approved.Matches("", path);

        Assert.ThrowsAny<XunitException>(() => Approved.Matches("x", path));
    }

    [NotApprovingFact]
    public void Line_breaks_count()
    {
        var path = Path.Combine(folder, "crlf.approved.txt");
        File.WriteAllText(path, "a\r\n");

        Assert.ThrowsAny<XunitException>(() => Approved.Matches("a\n", path));
    }
}

/// <summary>Skipped while approved files are being rewritten, because then nothing differs.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NotApprovingFactAttribute : FactAttribute
{
    public NotApprovingFactAttribute()
    {
        if (Environment.GetEnvironmentVariable("KLEENE_APPROVE") == "1")
        {
            Skip = "KLEENE_APPROVE=1 rewrites what differs";
        }
    }
}
