using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Linting;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Text;
using Xunit;

namespace Kleene.Build.Parser.Tests.Linting;

/// <summary>What corrections make of a file: what was found is gone, and the rest is as it was.</summary>
public sealed class FixTests
{
    /// <summary>Rule, bad line, good line; each below FROM unless it begins with one. Where the plan is another on purpose, a <c>!</c> comes first.</summary>
    public static TheoryData<string, string, string> Cases => new()
    {
        { "StageNameCasing", "FROM a:1 AS Build", "FROM a:1 AS build" },
        { "FromAsCasing", "FROM a:1 As build", "FROM a:1 AS build" },
        { "FromAsCasing", "from a:1   AS   build", "from a:1   as   build" },
        { "ConsistentInstructionCasing", "Env A=1\n\tuser b\nWORKDIR /x", "ENV A=1\n\tUSER b\nWORKDIR /x" },
        { "NoEmptyContinuation", "RUN a && \\\n\n  # why\n\n  b", "RUN a && \\\n  # why\n  b" },
        { "NoEmptyContinuation", "RUN a && \\\r\n \t\r\n  b", "RUN a && \\\r\n  b" },
        { "LegacyKeyValueFormat", "ENV A b", "ENV A=b" },
        { "LegacyKeyValueFormat", "ENV  A   b  c  # d ", "ENV  A=\"b  c  # d\" " },
        { "LegacyKeyValueFormat", "ENV A 'b  c'", "ENV A='b  c'" },
        { "LegacyKeyValueFormat", "ENV A \"$B c\"", "ENV A=\"$B c\"" },
        { "LegacyKeyValueFormat", "ENV A x=y z", "ENV A=\"x=y z\"" },
        { "LegacyKeyValueFormat", "LABEL a.b c\td é", "LABEL a.b=\"c\td é\"" },
        { "ExposeProtoCasing", "EXPOSE 80/TCP 53/Udp", "EXPOSE 80/tcp 53/udp" },
        { "ExposeInvalidFormat", "EXPOSE 127.0.0.1:8080:80/udp 1:2", "EXPOSE 80/udp 2" },
        { "MaintainerDeprecated", "MAINTAINER A \"$B\" \\C <a@b>", "!LABEL org.opencontainers.image.authors=\"A \\\"\\$B\\\" \\\\C <a@b>\"" },
        { "RedundantTargetPlatform", "FROM --platform=${TARGETPLATFORM}  a:1 AS x", "FROM a:1 AS x" },
        { "CopyNeedsDirectory", "COPY a b /c", "!COPY a b /c/" },
        { "JSONArgsRecommended", "CMD nginx -g 'daemon off;'", "!CMD [\"nginx\", \"-g\", \"daemon off;\"]" },
        { "JSONArgsRecommended", "ENTRYPOINT exec /app/run  \"a \\\"b\\\"\" ", "!ENTRYPOINT [\"/app/run\", \"a \\\"b\\\"\"] " },
        { "JsonFormNotParsed", "RUN ['a', 'b c']", "!RUN [\"a\", \"b c\"]" },
        { "UnknownInstruction", "WORKDRI /x", "!WORKDIR /x" },
        { "UnknownFlag", "RUN --netwrok=none x", "!RUN --network=none x" },
        { "UndefinedStage", "COPY --from=biuld a b\nFROM a:1", "!COPY --from=biuld a b\nFROM a:1" },
        { "UndefinedVar", "ARG NAME=1\nENV A=${NMAE}x", "!ARG NAME=1\nENV A=${NAME}x" },
        { "InvalidSignal", "STOPSIGNAL SIGTRM", "!STOPSIGNAL SIGTERM" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_correction_takes_its_finding_away_and_changes_the_plan_only_where_it_is_meant_to(string rule, string bad, string good)
    {
        var changesPlan = good.StartsWith('!');
        var (before, after) = (Complete(bad), Complete(good.TrimStart('!')));
        if (rule == "UndefinedStage")
        {
            (before, after) = ("FROM a:1 AS build\nFROM a:1\nCOPY --from=biuld a b\n", "FROM a:1 AS build\nFROM a:1\nCOPY --from=build a b\n");
        }

        var corrected = CorrectOnly(rule, before);

        Assert.Equal(after, corrected);
        Assert.DoesNotContain(rule, Check(corrected).RuleNames());
        Assert.Contains(rule, Check(before).RuleNames());
        if (!changesPlan)
        {
            Assert.Equal(PlanOf(before), PlanOf(corrected));
        }
    }

    [Theory]
    [InlineData("CMD echo $HOME")]
    [InlineData("CMD cd /x && make")]
    [InlineData("CMD A=1 make")]
    [InlineData("CMD make > log")]
    [InlineData("CMD ls *.txt")]
    [InlineData("CMD cd /x")]
    [InlineData("CMD make \\\n  # why\n  all")]
    [InlineData("ENV A \"b c\" d")]
    [InlineData("ENV A b \\\n  c")]
    [InlineData("RUN ['it's']")]
    [InlineData("EXPOSE $PORT/TCP")]
    public void What_takes_thought_is_left_to_the_author(string line)
    {
        var found = Check(Complete("ARG PORT=1\n" + line)).Diagnostics;

        Assert.NotEmpty(found);
        Assert.All(found, finding => Assert.False(finding.HasFix, finding.ToString()));
    }

    [Fact]
    public void Every_rule_whose_page_promises_a_correction_is_corrected_by_it()
    {
        foreach (var rule in Rules.All)
        {
            var page = RulePage.Of(rule.Name);
            var bad = page.Bad;
            var found = page.Check(bad).Diagnostics;
            if (!found.Any(finding => finding.HasFix))
            {
                continue;
            }

            var corrected = Fixes.Apply(bad, Fixes.Choose(bad, found, out _));

            Assert.DoesNotContain(rule, page.Check(new SourceText("Kleenefile", corrected)).Diagnostics.Select(finding => finding.Rule));
        }
    }

    [Fact]
    public void Corrections_that_touch_wait_for_each_other()
    {
        var source = new SourceText("Kleenefile", "FROM a:1\nEXPOSE 1:80/TCP\n");
        var found = Check(source.Text).Diagnostics;

        var edits = Fixes.Choose(found[0].Source, found, out var corrected);

        Assert.Equal(2, found.Length);
        Assert.Equal(1, corrected);
        Assert.Single(edits);
    }

    private static string Complete(string lines) => lines.StartsWith("from", StringComparison.OrdinalIgnoreCase) ? $"{lines}\n" : $"# kept\nFROM a:1\n{lines}\n# kept too";

    private static Compilation Check(string text) => Given.Compile(text, CompileOptions.Default with { Lint = LintLevel.Everything });

    private static string CorrectOnly(string rule, string text)
    {
        var compilation = Check(text);
        return Fixes.Apply(compilation.Source, Fixes.Choose(compilation.Source, compilation.Diagnostics.Where(finding => finding.Rule.Name == rule), out _));
    }

    /// <summary>Without the words of the file and where they stand.</summary>
    private static string PlanOf(string text)
    {
        var lines = PlanDump.Text(Given.Plan(text)).Split('\n');
        return string.Join('\n', lines.Select(line => System.Text.RegularExpressions.Regex.Replace(line, @" \(lines? [\d-]+\)", "")));
    }
}
