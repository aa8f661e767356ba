using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Testing.Approvals;
using Xunit;

namespace Kleene.Build.Parser.Tests;

public sealed class GoldenTests
{
    public static TheoryData<string> Cases => [.. TestData.Cases];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_kleenefile_compiles_to_the_approved_plan(string name)
    {
        var compilation = KleenefileCompiler.Compile(TestData.Source(name), TestData.Options(name));

        var plan = compilation.Plan is null ? "" : PlanDump.Text(compilation.Plan);
        Approved.Matches(plan, TestData.Path(name, "plan.approved.txt"));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_kleenefile_has_the_approved_diagnostics(string name)
    {
        var compilation = KleenefileCompiler.Compile(TestData.Source(name), TestData.Options(name));

        var diagnostics = DiagnosticFormatter.Format(compilation.Diagnostics);
        Approved.Matches(diagnostics, TestData.Path(name, "diagnostics.approved.txt"));
    }

    [Fact]
    public void The_example_of_the_readme_is_a_golden_case()
    {
        var readme = File.ReadAllText(Path.Combine(TestData.Root, "..", "..", "..", "src", "Parser", "README.md"));

        Assert.Contains(File.ReadAllText(TestData.Path("readme-example", "plan.approved.txt")), readme, StringComparison.Ordinal);
    }
}
