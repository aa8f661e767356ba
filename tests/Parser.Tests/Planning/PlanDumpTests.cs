using System.Diagnostics;
using System.Text.Json;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Testing.Approvals;

namespace Kleene.Build.Parser.Tests.Planning;

public sealed class PlanDumpTests
{
    private const string Awkward = """
        ARG BASE=debian:12
        FROM ${BASE}@7cb0ccbebd9d AS build
        ARG V=1
        RUN --network=none make "a\b" \
            'c'
        FROM scratch
        WORKDIR /app dir
        COPY --from=build "/out" *.txt ./
        COPY --from=busybox:1.36 /bin/sh /bin/
        USER nobody
        EXPOSE 80 53/udp
        LABEL "é"="<\"&>"
        VOLUME /data
        CMD ["x", "y z"]
        ENV OLD form
        """;

    [Fact]
    public void The_json_of_a_plan_is_the_document_of_the_contract()
    {
        var json = PlanDump.Json(Given.Compile(Awkward));

        Approved.Matches(json, Path.Combine(TestData.Root, "plan.approved.json"));
    }

    [Fact]
    public void The_json_of_a_file_with_errors_has_diagnostics_and_no_stages()
    {
        var json = JsonDocument.Parse(PlanDump.Json(Given.Compile("FROM a\nRUN --netwrok=x y\n"))).RootElement;

        Assert.Equal(JsonValueKind.Null, json.GetProperty("target").ValueKind);
        Assert.Equal(0, json.GetProperty("stages").GetArrayLength());
        Assert.Equal("KB0009", json.GetProperty("diagnostics")[0].GetProperty("rule").GetString());
        Assert.Equal((2, 5, 2, 16), Place(json.GetProperty("diagnostics")[0]));
    }

    [Fact]
    public void The_dot_of_a_plan_shows_stages_steps_and_what_they_read()
    {
        var dot = PlanDump.Dot(Given.Plan(Awkward));

        Approved.Matches(dot, Path.Combine(TestData.Root, "plan.approved.dot"));
    }

    public static TheoryData<string> Cases => [.. TestData.Cases];

    [GraphvizTheory]
    [MemberData(nameof(Cases))]
    public void Graphviz_draws_every_plan(string name)
    {
        if (KleenefileCompiler.Compile(TestData.Source(name), TestData.Options(name)).Plan is not { } plan)
        {
            return;
        }

        var (exitCode, output, errors) = Draw(PlanDump.Dot(plan));

        Assert.True(exitCode == 0 && errors.Length == 0, errors);
        Assert.Contains("</svg>", output, StringComparison.Ordinal);
    }

    private static (int ExitCode, string Output, string Errors) Draw(string dot)
    {
        var start = new ProcessStartInfo("dot", ["-Tsvg"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;    // null only for shell execution
        process.StandardInput.Write(dot);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.GetAwaiter().GetResult());
    }

    private static (int Line, int Column, int EndLine, int EndColumn) Place(JsonElement diagnostic) =>
        (diagnostic.GetProperty("line").GetInt32(), diagnostic.GetProperty("column").GetInt32(),
            diagnostic.GetProperty("endLine").GetInt32(), diagnostic.GetProperty("endColumn").GetInt32());
}

/// <summary>Skipped, with the reason, where graphviz is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GraphvizTheoryAttribute : TheoryAttribute
{
    public GraphvizTheoryAttribute()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        if (!folders.Any(folder => File.Exists(Path.Combine(folder, "dot"))))
        {
            Skip = "graphviz is not installed (no dot in PATH)";
        }
    }
}
